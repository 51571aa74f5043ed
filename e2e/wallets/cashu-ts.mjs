// Drives the wallet library cashu-ts for the end-to-end tests. One JSON object a
// line in, {"op", "args"}; one JSON object a line out, {"ok"} or {"error"}. The
// process is a wallet on one machine: it keeps what the library keeps in memory,
// also the keysets as it last saw them.
import { createInterface } from 'node:readline';
import { Amount, AuthManager, Mint, SigAll, Wallet, getDecodedToken, getEncodedToken, hasValidDleq } from '@cashu/cashu-ts';
import { authorize } from './browser.mjs';

let wallet;
let auth;

const total = (proofs) => Amount.sum(proofs.map((p) => p.amount)).toString();

// What every list of fresh coins must be: signed provably with the published key.
async function verified(proofs) {
  for (const proof of proofs) {
    // The library fetches the keys of retired keysets only when asked.
    const keyset = await wallet.keyChain.ensureKeysetKeys(proof.id);
    if (!hasValidDleq(proof, keyset, { require: true })) {
      throw new Error(`coin of ${proof.amount} has no valid DLEQ proof`);
    }
  }
  return proofs;
}

async function withPreimage(token, preimage) {
  const { proofs } = getDecodedToken(token, wallet.keyChain.getAllKeysetIds());
  return preimage === undefined ? proofs : proofs.map((p) => ({ ...p, witness: { preimage, signatures: [] } }));
}

const watches = [];

async function watch(subscribe, word) {
  const entry = { heard: [] };
  watches.push(entry);
  entry.cancel = await subscribe((p) => entry.heard.push(word(p)), (e) => entry.heard.push(`error: ${e.message}`));
  return watches.length - 1;
}

const ops = {
  async load({ url, seed }) {
    wallet = new Wallet(url, { unit: 'sat', bip39seed: Buffer.from(seed, 'hex'), requireSigDleq: true });
    await wallet.loadMint();
    return { name: wallet.getMintInfo().name, keyset: wallet.keysetId };
  },

  // A wallet whose user logs in at the provider that the mint names. The library
  // then gets blind tokens and sends one with every request that needs it.
  async login({ url, seed, user, client, tokens }) {
    auth = new AuthManager(url, { desiredPoolSize: tokens, maxPerMint: tokens });
    const mint = new Mint(url, { authProvider: auth });
    const oidc = await mint.oidcAuth({ clientId: client, scope: 'openid' });
    auth.attachOIDC(oidc);
    const callback = 'http://localhost:33388/callback';
    const { verifier, challenge } = oidc.generatePKCE();
    const at = await oidc.buildAuthCodeUrl({ redirectUri: callback, codeChallenge: challenge, codeChallengeMethod: 'S256', scope: 'openid' });
    const code = await authorize(at, user, callback);
    const given = await oidc.exchangeAuthCode({ code, redirectUri: callback, codeVerifier: verifier });
    auth.setCAT(given.access_token);
    wallet = new Wallet(mint, { unit: 'sat', bip39seed: Buffer.from(seed, 'hex'), requireSigDleq: true, authProvider: auth });
    await wallet.loadMint();
    return { token: given.access_token };
  },

  async tokensLeft() {
    return auth.poolSize;
  },

  // One blind token as it stands in the header, taken from the library.
  async takeToken() {
    return await auth.getBlindAuthToken({ method: 'POST', path: '/v1/swap' });
  },

  async refresh() {
    await wallet.loadMint(true);
    wallet.bindKeyset(wallet.keyChain.getCheapestKeyset().id);
    return { keyset: wallet.keysetId, keysets: wallet.keyChain.getKeysets().map((k) => ({ id: k.id, active: k.isActive })) };
  },

  async quote({ amount }) {
    return await wallet.createMintQuoteBolt11(amount);
  },

  async checkQuote({ quote }) {
    return await wallet.checkMintQuoteBolt11(quote);
  },

  async mint({ amount, quote }) {
    const proofs = await verified(await wallet.mintProofsBolt11(amount, quote));
    return { proofs, total: total(proofs) };
  },

  async send({ amount, proofs }) {
    const { keep, send } = await wallet.send(amount, proofs, { includeFees: true });
    await verified([...keep, ...send]);
    return { keep, send, total: total(send), token: getEncodedToken({ mint: wallet.mint.mintUrl, unit: 'sat', proofs: send }) };
  },

  async receive({ token }) {
    const proofs = await verified(await wallet.receive(token));
    return { proofs, total: total(proofs) };
  },

  // Spending conditions: lock is what the library calls P2PKOptions.
  async lock({ amount, proofs, lock }) {
    const { keep, send } = await wallet.send(amount, proofs, { includeFees: true }, { send: { type: 'p2pk', options: lock } });
    await verified([...keep, ...send]);
    return { keep, send, total: total(send), token: getEncodedToken({ mint: wallet.mint.mintUrl, unit: 'sat', proofs: send }) };
  },

  async unlock({ token, keys, preimage }) {
    const proofs = await verified(await wallet.receive(await withPreimage(token, preimage), { privkey: keys ?? [] }));
    return { proofs, total: total(proofs) };
  },

  // Several people sign one transaction, one after the other, as a package that
  // they send each other.
  async unlockTogether({ token, keys, preimage }) {
    const preview = await wallet.prepareSwapToReceive(await withPreimage(token, preimage));
    let signed = SigAll.extractSwapPackage(preview);
    for (const key of keys) {
      signed = SigAll.signPackage(SigAll.deserializePackage(SigAll.serializePackage(signed)), key);
    }
    const { keep } = await wallet.completeSwap(SigAll.mergeSwapPackage(signed, preview));
    const proofs = await verified(keep);
    return { proofs, total: total(proofs) };
  },

  async meltQuote({ request }) {
    return await wallet.createMeltQuoteBolt11(request);
  },

  async checkMeltQuote({ quote }) {
    return await wallet.checkMeltQuoteBolt11(quote);
  },

  // Pays the quote with just enough of the coins, with blank outputs for change.
  async melt({ quote, proofs }) {
    const { keep, send } = await wallet.send(BigInt(quote.amount) + BigInt(quote.fee_reserve), proofs, { includeFees: true });
    const { quote: paid, change } = await wallet.meltProofsBolt11(quote, send);
    await verified([...keep, ...change]);
    return { quote: paid, keep, spent: send, change, total: total([...keep, ...change]) };
  },

  // Several quotes minted at once (NUT-29).
  async mintBatch({ quotes, amounts }) {
    const checked = await wallet.checkMintQuoteBatchBolt11(quotes);
    const entries = checked.map((quote, i) => ({ amount: amounts[i], quote }));
    const proofs = await verified(await wallet.completeBatchMint(await wallet.prepareBatchMint('bolt11', entries)));
    return { proofs, total: total(proofs) };
  },

  // Offers and addresses, locked to a key (NUT-25, NUT-30).
  async openQuote({ method, pubkey }) {
    return method === 'bolt12' ? await wallet.createMintQuoteBolt12(pubkey) : await wallet.createMintQuoteOnchain(pubkey);
  },

  async checkOpenQuote({ method, quote }) {
    return method === 'bolt12' ? await wallet.checkMintQuoteBolt12(quote) : await wallet.checkMintQuoteOnchain(quote);
  },

  async mintOpen({ method, quote, amount, key }) {
    const now = await ops.checkOpenQuote({ method, quote });
    const mint = method === 'bolt12' ? wallet.mintProofsBolt12 : wallet.mintProofsOnchain;
    const proofs = await verified(await mint.call(wallet, amount, now, key));
    return { proofs, total: total(proofs) };
  },

  async meltOffer({ request, msat, proofs }) {
    const quote = await wallet.createMeltQuoteBolt12(request, msat);
    const { quote: paid, change } = await wallet.meltProofsBolt12(quote, proofs);
    await verified(change);
    return { quote: paid, total: total(change) };
  },

  async meltAddress({ request, amount, feeIndex, proofs }) {
    const quote = await wallet.createMeltQuoteOnchain(request, amount);
    const { quote: pending } = await wallet.meltProofsOnchain(quote, proofs, feeIndex);
    return { quote: pending, total: '0' };
  },

  async checkMeltAddress({ quote }) {
    return await wallet.checkMeltQuoteOnchain(quote);
  },

  async states({ proofs }) {
    return (await wallet.checkProofsStates(proofs)).map((s) => s.state);
  },

  async witnesses({ proofs }) {
    return (await wallet.checkProofsStates(proofs)).map((s) => s.witness ?? '');
  },

  // What the mint tells over a WebSocket is kept until it is asked for.
  async watchMintQuotes({ quotes }) {
    return await watch((heard, failed) => wallet.on.mintQuoteUpdates(quotes, heard, failed), (q) => q.state);
  },

  async watchMeltQuotes({ quotes }) {
    return await watch((heard, failed) => wallet.on.meltQuoteUpdates(quotes, heard, failed),
      (q) => (q.change?.length > 0 ? `${q.state} with change` : q.state));
  },

  async watchProofs({ proofs }) {
    return await watch((heard, failed) => wallet.on.proofStateUpdates(proofs, heard, failed), (p) => p.state);
  },

  async heard({ watch }) {
    return watches[watch].heard;
  },

  async unwatch({ watch }) {
    watches[watch].cancel();
  },

  // What a user does who has nothing left but the words: every keyset that the
  // mint ever had is searched, and what was spent meanwhile is left out.
  async restore() {
    const unspent = [];
    let found = 0;
    for (const keyset of wallet.keyChain.getKeysets()) {
      const { proofs } = await wallet.batchRestore(100, 50, 0, keyset.id);
      found += proofs.length;
      if (proofs.length > 0) {
        unspent.push(...(await wallet.groupProofsByState(proofs)).unspent);
      }
    }
    await verified(unspent);
    return { found, proofs: unspent, total: total(unspent) };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const { op, args } = JSON.parse(line);
    answer = { ok: await ops[op](args ?? {}) };
  } catch (e) {
    answer = { error: { name: e.name, message: e.message, code: e.code ?? 0, status: e.status ?? 0 } };
  }
  console.log(JSON.stringify(answer, (_, v) => (typeof v === 'bigint' ? v.toString() : v)));
}
