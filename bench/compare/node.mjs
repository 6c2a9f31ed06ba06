// Drives a queue of a Node library: node node.mjs PEER URL bulk|single|drain JOBS, prints seconds.
//
// PEER is a module of peers/, which has
//     chunk              jobs of one bulk call
//     open(url, load)    -> { setUp(), many(payloads), one(payload), close() }
//     work(url, handler, load) -> stop(), async; handler() runs for each job
// load(name) imports a package from the working directory, where npm has put it.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [path, url, verb, count] = process.argv.slice(2)
const jobs = Number(count)
const AT_ONCE = 4
const require = createRequire(`${process.cwd()}/`)
const load = async name => import(pathToFileURL(require.resolve(name)))
const payload = n => ({ to: 'ada@example.org', subject: 'an ordinary payload', n })
const peer = await import(pathToFileURL(path))

async function bulk(queue) {
  for (let i = 0; i < jobs; i += peer.chunk) {
    const length = Math.min(peer.chunk, jobs - i)
    await queue.many(Array.from({ length }, (_, k) => payload(i + k)))
  }
}

async function single(queue) {
  let next = 0
  const sender = async () => { while (next < jobs) await queue.one(payload(next++)) }
  await Promise.all(Array.from({ length: AT_ONCE }, sender))
}

// From the start of the worker until its last job was written as done.
async function drain() {
  let done = 0, all
  const finished = new Promise(resolve => { all = resolve })
  const stop = await peer.work(url, () => { if (++done === jobs) all() }, load)
  await finished
  await stop()
}

const queue = await peer.open(url, load)
await queue.setUp()
if (verb === 'drain') await bulk(queue)
const begin = performance.now()
if (verb === 'bulk') await bulk(queue)
else if (verb === 'single') await single(queue)
else await drain()
console.log((performance.now() - begin) / 1000)
process.exit(0)
