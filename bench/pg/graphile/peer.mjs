// Drains jobs that do nothing with graphile-worker, set as its documentation says for throughput:
//     node peer.mjs CONNECTION_STRING fill JOBS      adds jobs
//     node peer.mjs CONNECTION_STRING drain JOBS     works until so many are done, prints jobs/s
import { createRequire } from 'node:module'

const { Logger, makeWorkerUtils, run } = createRequire(`${process.cwd()}/`)('graphile-worker')
const [connectionString, verb, count] = process.argv.slice(2)
const jobs = Number(count)
const preset = {
  worker: {
    connectionString,
    concurrentJobs: 24,
    maxPoolSize: 25,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
    logger: new Logger(() => () => {})
  }
}

if (verb === 'fill') {
  const utils = await makeWorkerUtils({ preset })
  await utils.migrate()
  for (let i = 0; i < jobs; i += 10000) {
    const job = (_, k) => ({ identifier: 'noop', payload: { n: i + k, pad: 'x'.repeat(180) } })
    await utils.addJobs(Array.from({ length: Math.min(10000, jobs - i) }, job))
  }
  await utils.release()
} else {
  let done = 0, begin = 0, all
  const finished = new Promise(resolve => { all = resolve })
  const noop = () => {
    begin ||= performance.now()
    if (++done === jobs) all()
  }
  const runner = await run({ preset, noHandleSignals: true, taskList: { noop } })
  await finished
  await runner.stop() // its last completions are written by then
  console.log(`rate=${(jobs / (performance.now() - begin) * 1000).toFixed(0)}`)
}
process.exit(0)
