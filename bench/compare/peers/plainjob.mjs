// plainjob on better-sqlite3, as the library sets them; a loop runs one job at a time.
export const chunk = 5000

const quiet = { debug() {}, info() {}, warn() {}, error: console.error }

async function define(path, load) {
  const { better, defineQueue } = await load('plainjob')
  const { default: Database } = await load('better-sqlite3')
  return defineQueue({ connection: better(new Database(path)), logger: quiet })
}

export async function open(path, load) {
  const queue = await define(path, load)
  return {
    setUp() {},
    many: payloads => queue.addMany('noop', payloads),
    one: payload => queue.add('noop', payload)
  }
}

export async function work(path, handler, load, atOnce = 1) {
  const { defineWorker } = await load('plainjob')
  const queue = await define(path, load)
  const workers = Array.from({ length: atOnce }, () =>
    defineWorker('noop', job => handler(JSON.parse(job.data)), { queue, logger: quiet }))
  workers.forEach(worker => worker.start())
  return () => Promise.all(workers.map(worker => worker.stop()))
}
