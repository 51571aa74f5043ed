"""Drives the wallet library of nutshell for the end-to-end tests, for what its command
cashu does not offer. One JSON object a line in, {"op", "args"}; one JSON object a line
out, {"ok"} or {"error"}. Settings come from the environment, as for the command.
"""
import asyncio
import json
import os
import re
import sys

from cashu.core.settings import settings
from cashu.wallet.helpers import deserialize_token_from_string
from cashu.wallet.wallet import Wallet

wallet = None
heard = []


async def load(args):
    global wallet
    place = os.path.join(settings.cashu_dir, "wallet")
    wallet = await Wallet.with_db(settings.mint_url, place, name="wallet", unit="sat")
    await wallet.load_mint()
    await wallet.load_proofs(reload=True)
    return {"pubkey": await wallet.create_p2pk_pubkey(), "balance": wallet.available_balance.amount}


async def token_of(lock, amount):
    _, sent = await wallet.swap_to_send(wallet.proofs, amount, secret_lock=lock, set_reserved=True)
    token = await wallet.serialize_proofs(sent, include_dleq=True)
    return {"token": token, "balance": wallet.available_balance.amount}


async def hashlock(args):
    lock = await wallet.create_htlc_lock(
        preimage=args["preimage"],
        hashlock_pubkeys=args.get("pubkeys"),
        hashlock_n_sigs=1 if args.get("pubkeys") else None,
        locktime_seconds=args.get("locktime"),
        locktime_pubkeys=args.get("refund"),
    )
    return await token_of(lock, args["amount"])


async def receive(args):
    proofs = deserialize_token_from_string(args["token"]).proofs
    await wallet._expand_short_keyset_ids(proofs)
    if args.get("preimage"):
        proofs = await wallet.add_htlc_preimage_to_proofs(proofs, args["preimage"])
    await wallet.redeem(proofs)
    return {"balance": wallet.available_balance.amount}


# What the mint tells over a WebSocket of all coins is kept until it is asked for.
async def watch(args):
    await wallet.check_proof_state_with_callback(
        wallet.proofs, lambda said: heard.append(said.payload["state"]))
    return len(wallet.proofs)


async def told(args):
    return heard


async def spend_all(args):
    await wallet.split(wallet.proofs, 0)
    return {"balance": wallet.available_balance.amount}


ops = {f.__name__: f for f in (load, hashlock, receive, watch, told, spend_all)}


async def main():
    out, sys.stdout = sys.stdout, sys.stderr  # the library prints, too
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": await ops[request["op"]](request.get("args") or {})}
        except Exception as e:
            code = re.search(r"\(Code: (\d+)\)", str(e))
            answer = {"error": {"name": type(e).__name__, "message": str(e), "code": int(code[1]) if code else 0}}
        print(json.dumps(answer), file=out, flush=True)


asyncio.run(main())
