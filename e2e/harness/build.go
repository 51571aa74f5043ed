package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Programs are the binaries of one build.
type Programs struct {
	Signatory string
	Mintd     string
	Wallet    string
}

// Build compiles the programs into dir, with the given build tags. They must lie
// beside each other: mintd looks for the signatory there.
func Build(ctx context.Context, dir string, tags string) (Programs, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Programs{}, fmt.Errorf("making the folder of the programs: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", tags, "-o", dir+string(filepath.Separator),
		"mintmark/cmd/signatory", "mintmark/cmd/mintd", "mintmark/cmd/wallet")
	if out, err := cmd.CombinedOutput(); err != nil {
		return Programs{}, fmt.Errorf("building the programs: %w\n%s", err, out)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	return Programs{Signatory: at("signatory"), Mintd: at("mintd"), Wallet: at("wallet")}, nil
}
