// Package bench puts load on a Cashu mint over HTTP, or on a signatory over
// gRPC, and says what came of it: operations per second, latency percentiles
// read from every sample, errors by code, the CPU time of the servers, and how
// that compares with what the curve arithmetic alone costs on the same machine.
//
// Whatever can be done before the clock starts is done before it: coins, quotes,
// blinded messages and connections are ready, so that between start and stop
// this program does little but move bytes. Load comes from a fixed number of
// workers, each of which sends its next request when it has the answer to the
// last (a closed loop): a slower server is asked less often, and latencies are
// those at this number of workers.
//
// It trusts no answer: a wrong number of signatures, another amount or keyset,
// or a bad DLEQ proof is an error and is counted. It reads the wire of any mint,
// strictly about what matters and leniently about the rest. It must never leave
// the loopback unless it is told to, hold real money, or link what can touch a
// mint's private key.
package bench
