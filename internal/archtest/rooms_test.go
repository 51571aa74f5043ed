// Package archtest holds the house to its plan: it reads the import graph of
// the whole module and fails on an arrow that the table of rooms does not allow.
// The most important sentence that it proves is that cmd/mintd links no code
// that can touch a private key.
//
// It has only test files: nothing may ever import it.
package archtest

// module is the path that all our packages start with.
const module = "mintmark"

// room is one row of the table. Paths of ours are written without the module
// name. Test files are not judged: a test may use what it needs.
type room struct {
	path string

	// imports are the rooms that this one may import. "x/..." stands for x and
	// everything below it.
	imports []string

	// neverImports are packages, ours or not, that must not appear in an import
	// statement of this room. "x/..." as above.
	neverImports []string

	// neverLinks are packages that must not be reachable from this room over
	// any number of imports.
	neverLinks []string

	// noClock forbids reading the time in this room: a pure room gets it as an
	// argument.
	noClock bool
}

// What can touch a private key, or turn into one.
var keyMaterial = []string{
	"mintmark/keystore/...",
	"mintmark/bdhke/mintkey",
	"mintmark/internal/bip32",
	"mintmark/internal/seedfile",
	"mintmark/signatory/server/...",
	"github.com/tyler-smith/go-bip39/...", // the words of a seed
	"filippo.io/age/...",                  // the sealed seed
}

var (
	network   = []string{"net/...", "google.golang.org/grpc/..."}
	databases = []string{"database/sql", "modernc.org/sqlite/...", "github.com/jackc/...", "mintmark/internal/sqldb"}
	outside   = append([]string{"os/...", "math/rand/...", "syscall"}, append(network, databases...)...)
)

// rooms is the table. A package that is not in it fails the test: adding a room
// is a decision, taken here.
var rooms = []room{
	{path: "bdhke", imports: []string{"bdhke/internal/curve"}, neverImports: outside, noClock: true},
	{path: "bdhke/internal/curve", neverImports: outside, noClock: true},
	{path: "bdhke/mintkey", imports: []string{"bdhke", "bdhke/internal/curve"}, neverImports: outside, noClock: true},
	{path: "cashu", imports: []string{"bdhke", "cashu/schnorr"}, neverImports: outside, noClock: true, neverLinks: keyMaterial},
	{path: "cashu/schnorr", imports: []string{"bdhke"}, neverImports: outside, noClock: true, neverLinks: keyMaterial},
	{path: "cashu/conditions", imports: []string{"cashu", "cashu/schnorr", "bdhke"}, neverImports: outside, noClock: true, neverLinks: keyMaterial},

	{path: "cashu/paymentrequest", imports: []string{"cashu", "cashu/token"}, neverImports: outside, noClock: true, neverLinks: keyMaterial},
	{path: "cashu/token", imports: []string{"cashu", "bdhke"}, neverImports: outside, noClock: true, neverLinks: keyMaterial},

	{path: "proto/cdk_payment_processor"},
	{path: "proto/contracttest"},
	{path: "proto/signatory"},
	{path: "proto/signatory/admin/v1"},

	{path: "keystore/rotation", imports: []string{"cashu"}, neverImports: outside, noClock: true},
	{path: "keystore", imports: []string{"bdhke", "bdhke/mintkey", "cashu", "keystore/rotation", "internal/..."}, neverImports: network},
	{
		path:       "signatory",
		imports:    []string{"cashu", "bdhke", "proto/...", "internal/address", "internal/requestid", "internal/tlsdir", "internal/traceparent", "signatory/internal/..."},
		neverLinks: append([]string{"database/sql"}, keyMaterial...),
	},
	{path: "signatory/internal/budget", imports: []string{"cashu"}, neverImports: outside, noClock: true, neverLinks: keyMaterial},
	{path: "signatory/internal/sample", neverLinks: keyMaterial},
	{path: "signatory/internal/wire", imports: []string{"cashu", "bdhke", "proto/..."}, neverLinks: keyMaterial},
	{
		path:    "signatory/metrics",
		imports: []string{"signatory/server", "cashu", "proto/..."},
	},
	{
		path:         "signatory/server",
		imports:      []string{"signatory", "signatory/internal/...", "keystore", "keystore/rotation", "bdhke", "cashu", "proto/...", "internal/..."},
		neverImports: []string{"mintmark/bdhke/mintkey", "database/sql", "net/http"},
	},

	{
		path:         "mint",
		imports:      []string{"cashu", "cashu/conditions", "bdhke", "signatory", "mint/events", "mint/lightning", "internal/crashpoint", "internal/release", "internal/seldom"},
		neverImports: []string{"net/http", "google.golang.org/grpc/..."},
		neverLinks:   append([]string{"database/sql", "modernc.org/sqlite/..."}, keyMaterial...),
	},
	{path: "mint/events", neverImports: append([]string{"mintmark/..."}, append(network, databases...)...), neverLinks: keyMaterial},
	{
		path:         "mint/sqlstore",
		imports:      []string{"mint", "cashu", "bdhke", "signatory", "internal/..."},
		neverImports: []string{"net/http", "google.golang.org/grpc/...", "database/sql"},
		neverLinks:   keyMaterial,
	},
	{path: "mint/storetest", imports: []string{"mint", "cashu", "bdhke", "signatory"}, neverLinks: keyMaterial},
	{
		path:         "mint/httpapi",
		imports:      []string{"mint", "mint/events", "cashu", "bdhke", "internal/requestid", "internal/traceparent"},
		neverImports: []string{"google.golang.org/grpc/..."},
		neverLinks:   append([]string{"database/sql", "modernc.org/sqlite/..."}, keyMaterial...),
	},
	{path: "mint/gate", imports: []string{"cashu"}, neverImports: append([]string{"google.golang.org/grpc/..."}, databases...), neverLinks: append([]string{"mintmark/mint"}, keyMaterial...)},
	{path: "mint/oidc", imports: []string{"cashu"}, neverImports: append([]string{"google.golang.org/grpc/..."}, databases...), neverLinks: append([]string{"mintmark/mint"}, keyMaterial...)},
	{path: "mint/lightning", imports: []string{"cashu"}, neverImports: outside, neverLinks: keyMaterial},
	{path: "mint/lightning/bolt11", imports: []string{"cashu", "bdhke", "mint/lightning"}, neverImports: outside, neverLinks: keyMaterial},
	{
		path:       "mint/lightning/lnd",
		imports:    []string{"mint/lightning", "mint/lightning/bolt11", "mint/lightning/lifecycle", "cashu", "internal/crashpoint", "internal/sqldb"},
		neverLinks: append([]string{"google.golang.org/grpc/...", "github.com/lightningnetwork/..."}, keyMaterial...),
	},
	{path: "mint/lightning/lifecycle", imports: []string{"mint/lightning"}, neverImports: outside, noClock: true, neverLinks: keyMaterial},
	{path: "mint/lightning/lightningtest", imports: []string{"mint/lightning", "mint/lightning/bolt11", "cashu"}, neverLinks: keyMaterial},
	{
		path:         "mint/lightning/cln",
		imports:      []string{"mint/lightning", "mint/lightning/bolt11", "mint/lightning/journal", "mint/lightning/lifecycle", "cashu"},
		neverImports: []string{"google.golang.org/grpc/...", "database/sql"},
		neverLinks:   keyMaterial,
	},
	{path: "mint/lightning/journal", imports: []string{"mint/lightning", "cashu", "internal/seldom", "internal/sqldb"}, neverImports: network, neverLinks: keyMaterial},
	{
		path:         "mint/lightning/processor",
		imports:      []string{"mint/lightning", "mint/lightning/bolt11", "mint/lightning/journal", "mint/lightning/lifecycle", "proto/cdk_payment_processor", "cashu", "internal/address", "internal/seldom", "internal/tlsdir"},
		neverImports: []string{"net/http", "database/sql"},
		neverLinks:   keyMaterial,
	},
	{path: "mint/lightning/fake", imports: []string{"mint/lightning", "mint/lightning/bolt11", "mint/lightning/lifecycle", "cashu", "internal/..."}, neverLinks: keyMaterial},

	{
		path:       "mint/metrics",
		imports:    []string{"mint", "mint/events", "cashu", "signatory"},
		neverLinks: append([]string{"modernc.org/sqlite/...", "mintmark/internal/sqldb"}, keyMaterial...),
	},
	{
		path:       "mint/tracing",
		imports:    []string{"mint", "cashu", "internal/traceparent"},
		neverLinks: append([]string{"database/sql", "modernc.org/sqlite/..."}, keyMaterial...),
	},
	{
		path:       "mint/operator",
		imports:    []string{"mint", "cashu"},
		neverLinks: append([]string{"database/sql", "modernc.org/sqlite/..."}, keyMaterial...),
	},

	{path: "wallet", imports: []string{"cashu", "cashu/...", "bdhke", "wallet/login", "wallet/mintclient", "wallet/secrets", "internal/crashpoint"}, neverImports: databases},
	{path: "wallet/login", imports: []string{"internal/address", "internal/printable"}, neverImports: databases, neverLinks: keyMaterial},
	{path: "wallet/login/logintest", imports: []string{"cashu"}, neverImports: databases, neverLinks: keyMaterial},
	{path: "wallet/mintclient", imports: []string{"cashu", "bdhke", "internal/printable"}, neverImports: databases, neverLinks: append([]string{"mintmark/mint/..."}, keyMaterial...)},
	{path: "wallet/lnurl", neverImports: databases, neverLinks: append([]string{"mintmark/mint/..."}, keyMaterial...)},
	{path: "wallet/payee", imports: []string{"cashu/paymentrequest", "internal/address"}, neverImports: append([]string{"net/http"}, databases...), noClock: true},
	{path: "wallet/secrets", imports: []string{"cashu", "bdhke", "internal/bip32"}, neverImports: outside, noClock: true},
	{path: "wallet/storetest", imports: []string{"wallet", "cashu", "cashu/token", "bdhke"}},
	{path: "wallet/sqlstore", imports: []string{"wallet", "cashu", "cashu/token", "bdhke", "internal/..."}, neverImports: append([]string{"database/sql"}, network...)},

	{path: "internal/address"},
	{path: "internal/archtest"},
	{path: "internal/bip32", imports: []string{"bdhke"}, neverImports: outside, noClock: true},
	{path: "internal/bench", imports: []string{"bdhke", "cashu", "signatory", "wallet/mintclient"}, neverLinks: append([]string{"mintmark/mint/..."}, keyMaterial...)},
	{path: "internal/child"},
	{path: "internal/commandline", neverImports: append(databases, network...), neverLinks: keyMaterial},
	{path: "internal/crashpoint"},
	{path: "internal/durable"},
	{path: "internal/fence"},
	{path: "internal/harden"},
	{path: "internal/heap"},
	{path: "internal/metricspage"},
	{path: "internal/lntest", imports: []string{"internal/child"}},
	{path: "internal/passphrase", imports: []string{"internal/terminal"}, neverImports: append(databases, network...)},
	{path: "internal/printable", neverImports: outside, noClock: true},
	{path: "internal/procs"},
	{path: "internal/release"},
	{path: "internal/requestid", neverImports: outside, noClock: true, neverLinks: keyMaterial},
	{path: "internal/pgtest", imports: []string{"internal/child", "internal/tlsdir"}},
	{path: "internal/sdnotify"},
	{path: "internal/seldom", neverImports: outside, neverLinks: keyMaterial},
	{path: "internal/seedfile", imports: []string{"internal/durable"}, neverImports: append(databases, network...)},
	{path: "internal/sqldb", imports: []string{"internal/durable"}},
	{path: "internal/terminal", neverImports: append(databases, network...)},
	{path: "internal/timing"},
	{path: "internal/traceparent", neverImports: outside, noClock: true, neverLinks: keyMaterial},
	{path: "internal/tlsdir", imports: []string{"internal/durable"}},

	{
		path:       "cmd/signatory",
		imports:    []string{"keystore", "keystore/rotation", "signatory", "signatory/server", "signatory/metrics", "bdhke", "cashu", "proto/...", "internal/..."},
		neverLinks: []string{"mintmark/mint/...", "mintmark/e2e/...", "mintmark/internal/lntest", "mintmark/internal/pgtest", "go.opentelemetry.io/otel/sdk/...", "go.opentelemetry.io/otel/exporters/..."},
	},
	{
		path:       "cmd/mintd",
		imports:    []string{"mint", "mint/sqlstore", "mint/gate", "mint/httpapi", "mint/metrics", "mint/oidc", "mint/operator", "mint/tracing", "mint/lightning/...", "signatory", "bdhke", "cashu", "internal/..."},
		neverLinks: append([]string{"mintmark/mint/storetest", "mintmark/mint/lightning/lightningtest", "mintmark/e2e/...", "mintmark/internal/lntest", "mintmark/internal/pgtest"}, keyMaterial...),
	},
	{
		path:       "cmd/wallet",
		imports:    []string{"wallet", "wallet/lnurl", "wallet/login", "wallet/mintclient", "wallet/payee", "wallet/secrets", "wallet/sqlstore", "bdhke", "cashu", "cashu/...", "internal/..."},
		neverLinks: []string{"mintmark/mint/...", "mintmark/keystore/...", "mintmark/bdhke/mintkey", "mintmark/signatory/...", "mintmark/wallet/storetest", "mintmark/e2e/...", "mintmark/internal/lntest", "mintmark/internal/pgtest"},
	},
	{path: "cmd/mintbench", imports: []string{"internal/bench"}, neverLinks: keyMaterial},

	{path: "deploy"},
	{path: "e2e"},
	{path: "examples/processor", imports: []string{"mint/lightning/bolt11", "proto/cdk_payment_processor"}, neverLinks: keyMaterial},
	{path: "e2e/harness", imports: []string{"bdhke", "cashu", "wallet/mintclient", "internal/child", "mint/lightning/bolt11", "mint/lightning/fake"}},
	{path: "e2e/interop"},
	{path: "e2e/verdict", neverImports: outside, noClock: true},
}
