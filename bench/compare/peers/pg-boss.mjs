// pg-boss, with notifications and large batches.
export const chunk = 5000

async function start(url, load, options) {
  const { PgBoss } = await load('pg-boss')
  const boss = new PgBoss({ connectionString: url, ...options })
  boss.on('error', error => console.error(error.message))
  await boss.start()
  return boss
}

export async function open(url, load) {
  const boss = await start(url, load, { supervise: false, schedule: false })
  return {
    setUp: () => boss.createQueue('noop', { notify: true }),
    many: payloads => boss.insert('noop', payloads.map(data => ({ data }))),
    one: payload => boss.send('noop', payload)
  }
}

const inTurn = handler => async jobs => jobs.forEach(({ data }) => handler(data))

// A batch is one call, so that what is to run at once does so within it.
const atOnceEach = (handler, atOnce) => async jobs => {
  const rest = jobs.values()
  const lane = async () => { for (const { data } of rest) await handler(data) }
  await Promise.all(Array.from({ length: atOnce }, lane))
}

export async function work(url, handler, load, atOnce) {
  const boss = await start(url, load, { useListenNotify: true })
  const [batchSize, localConcurrency] = atOnce ? [25, 1] : [1000, 3]
  const run = atOnce ? atOnceEach(handler, atOnce) : inTurn(handler)
  const options = {
    batchSize, localConcurrency, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5
  }
  await boss.work('noop', options, run)
  return () => boss.stop({ timeout: 2000 })
}
