// Drives the wallet library coco-core for the end-to-end tests, in the way that
// cashu-ts.mjs does. The library keeps its coins and counters itself, here in its
// memory store, so that a process that is started again has lost all but the seed.
import { createInterface } from 'node:readline';
import { MemoryRepositories, getEncodedToken, initializeCoco } from '@cashu/coco-core';

let wallet;
let mintUrl;

const balance = async () => Number((await wallet.wallet.balances.byMint())[mintUrl]?.spendable ?? 0);

const ops = {
  // Nothing runs in the background: what happens is what the test asked for.
  async load({ url, seed }) {
    wallet = await initializeCoco({
      repo: new MemoryRepositories(),
      seedGetter: async () => new Uint8Array(Buffer.from(seed, 'hex')),
      watchers: { mintOperationWatcher: { disabled: true }, proofStateWatcher: { disabled: true } },
      processors: { mintOperationProcessor: { disabled: true } },
    });
    mintUrl = url;
    await wallet.mint.addMint(mintUrl, { trusted: true });
  },

  async mint({ amount }) {
    const quoted = await wallet.ops.mint.prepare({ mintUrl, amount, method: 'bolt11', methodData: {} });
    await wallet.subscription.awaitMintQuotePaid(mintUrl, quoted.quoteId);
    await wallet.ops.mint.execute(quoted.id);
    return { balance: await balance() };
  },

  async send({ amount }) {
    const prepared = await wallet.ops.send.prepare({ mintUrl, amount });
    const { token } = await wallet.ops.send.execute(prepared.id);
    return { token: getEncodedToken(token), balance: await balance() };
  },

  async receive({ token }) {
    const prepared = await wallet.ops.receive.prepare({ token });
    await wallet.ops.receive.execute(prepared.id);
    return { balance: await balance() };
  },

  async melt({ request }) {
    const prepared = await wallet.ops.melt.prepare({ mintUrl, method: 'bolt11', methodData: { invoice: request } });
    const done = await wallet.ops.melt.execute(prepared.id);
    return { state: done.state, balance: await balance() };
  },

  async restore() {
    await wallet.wallet.restore(mintUrl);
    return { balance: await balance() };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const { op, args } = JSON.parse(line);
    answer = { ok: (await ops[op](args ?? {})) ?? {} };
  } catch (e) {
    answer = { error: { name: e.name, message: e.message, code: e.code ?? e.cause?.code ?? 0, status: e.status ?? e.cause?.status ?? 0 } };
  }
  console.log(JSON.stringify(answer, (_, v) => (typeof v === 'bigint' ? v.toString() : v)));
}
process.exit(0); // whatever the library still has open
