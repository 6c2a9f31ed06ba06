// graphile-worker, set as its documentation says for throughput.
export const chunk = 10000

const preset = (connectionString, { Logger }, concurrentJobs = 24) => ({
  worker: {
    connectionString,
    concurrentJobs,
    maxPoolSize: 25,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
    logger: new Logger(() => () => {})
  }
})

export async function open(url, load) {
  const library = await load('graphile-worker')
  const utils = await library.makeWorkerUtils({ preset: preset(url, library) })
  return {
    setUp: () => utils.migrate(),
    many: payloads => utils.addJobs(payloads.map(payload => ({ identifier: 'noop', payload }))),
    one: payload => utils.addJob('noop', payload)
  }
}

export async function work(url, handler, load, atOnce) {
  const library = await load('graphile-worker')
  const runner = await library.run({
    preset: preset(url, library, atOnce), noHandleSignals: true, taskList: { noop: handler }
  })
  return () => runner.stop()
}
