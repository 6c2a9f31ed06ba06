// Drives a queue of a Node library: node node.mjs PEER PLACE VERB JOBS, prints JSON.
//
// PEER is a module of peers/, which has
//     chunk              jobs of one bulk call
//     open(place, load)  -> { setUp(), many(payloads), one(payload), close() }
//     work(place, handler, load, atOnce) -> stop(), async; handler(payload) runs for each job, so
//                        many at once, or as is best for throughput where that is not said
// load(name) imports a package from the working directory, where npm has put it. The verbs are
// those of clients/drive.c.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const [path, place, verb, count] = process.argv.slice(2)
const jobs = Number(count)
const AT_ONCE = 4
const BATCH = 500
const BACKLOG_MAX = 5000
const require = createRequire(`${process.cwd()}/`)
const load = async name => import(pathToFileURL(require.resolve(name)))
const payload = n => ({ to: 'ada@example.org', subject: 'an ordinary payload', n })
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
const peer = await import(pathToFileURL(path))
const queue = await peer.open(place, load)

async function fill(total = jobs) {
  for (let i = 0; i < total; i += peer.chunk) {
    const length = Math.min(peer.chunk, total - i)
    await queue.many(Array.from({ length }, (_, k) => payload(i + k)))
  }
}

async function single() {
  let next = 0
  const sender = async () => { while (next < jobs) await queue.one(payload(next++)) }
  await Promise.all(Array.from({ length: AT_ONCE }, sender))
}

const rate = since => jobs / ((performance.now() - since) / 1000)

async function timed(what) {
  const begin = performance.now()
  await what()
  return { rate: rate(begin) }
}

// From the start of the worker until its last job was written as done.
async function drain(handler, atOnce) {
  await fill()
  let done = 0, all
  const finished = new Promise(resolve => { all = resolve })
  const count = () => { if (++done === jobs) all() }
  const begin = performance.now()
  const stop = await peer.work(place, handler ? () => handler().then(count) : count, load, atOnce)
  await finished
  await stop()
  return { rate: rate(begin) }
}

const runTrue = () => new Promise((resolve, reject) => {
  spawn('/bin/true', { stdio: 'ignore' }).on('exit', resolve).on('error', reject)
})

const quantile = (sorted, share) => sorted[Math.floor(share * sorted.length)]

// From the call that dispatches a job to its handler, while the worker is idle.
async function pickup() {
  const waits = []
  let began
  const stop = await peer.work(place, () => began(performance.now()), load, 1)
  for (let i = 0; i < jobs; i++) {
    await sleep(3 + 4 * Math.random())
    const begun = new Promise(resolve => { began = resolve })
    const since = performance.now()
    await queue.one(payload(i))
    waits.push(await begun - since)
  }
  await stop()
  waits.sort((a, b) => a - b)
  return { p50: quantile(waits, 0.5), p95: quantile(waits, 0.95), p99: quantile(waits, 0.99) }
}

// Dispatching and running at once; the first tenth warms up.
async function flow() {
  const tenth = jobs / 10
  const backlog = Math.max(BATCH, Math.min(tenth, BACKLOG_MAX))
  const times = new Map([tenth, 2 * tenth, jobs, jobs + tenth].map(mark => [mark, 0]))
  let done = 0, sent = 0
  const stop = await peer.work(place, () => {
    if (times.has(++done)) times.set(done, performance.now())
  }, load)
  while (done < jobs + tenth) {
    if (sent - done + BATCH <= backlog) {
      await queue.many(Array.from({ length: BATCH }, () => payload(sent++)))
    } else {
      await sleep(1)
    }
  }
  const [a, b, c, d] = times.values()
  await stop()
  return { share: (b - a) / (d - c) }
}

// Says when the first job began and when all have ended; stays until its standard input ends.
async function work() {
  let done = 0
  await peer.work(place, () => {
    if (++done === 1) console.log('begun')
    if (done === jobs) console.log('done')
  }, load)
  for await (const _ of createInterface({ input: process.stdin })) { /* none is expected */ }
  return {}
}

const verbs = {
  fill: () => timed(fill),
  bulk: () => timed(fill),
  single: () => timed(single),
  drain: () => drain(),
  exec: () => drain(runTrue, AT_ONCE),
  pickup,
  flow,
  work
}
if (verb !== 'work') await queue.setUp()
console.log(JSON.stringify(await verbs[verb]()))
process.exit(0)
