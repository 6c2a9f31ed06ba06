// BullMQ, finished jobs removed.
export const chunk = 5000

const connection = path => ({ path, maxRetriesPerRequest: null })

export async function open(path, load) {
  const { Queue } = await load('bullmq')
  const queue = new Queue('noop', {
    connection: connection(path), defaultJobOptions: { removeOnComplete: true }
  })
  return {
    setUp: () => queue.waitUntilReady(),
    many: payloads => queue.addBulk(payloads.map(data => ({ name: 'noop', data }))),
    one: payload => queue.add('noop', payload)
  }
}

export async function work(path, handler, load, atOnce = 50) {
  const { Worker } = await load('bullmq')
  const worker = new Worker('noop', async job => handler(job.data), {
    connection: connection(path), concurrency: atOnce, removeOnComplete: { count: 0 }
  })
  return () => worker.close()
}
