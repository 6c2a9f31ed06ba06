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

export async function work(url, handler, load) {
  const boss = await start(url, load, { useListenNotify: true })
  const options = {
    batchSize: 1000, localConcurrency: 3, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5
  }
  await boss.work('noop', options, async jobs => jobs.forEach(handler))
  return () => boss.stop({ timeout: 2000 })
}
