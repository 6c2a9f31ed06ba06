// A persistent handler in Node that answers every job with null, as `millhand bench --answer` does.
import { createInterface } from 'node:readline'

createInterface({ input: process.stdin }).on('line', line => {
  const { id, method } = JSON.parse(line)
  if (method === 'job.run') process.stdout.write(`{"jsonrpc":"2.0","id":${id},"result":null}\n`)
})
