package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Programs are the two binaries of one build.
type Programs struct {
	Signatory string
	Mintd     string
}

// Build compiles both programs into dir, with the given build tags. The
// programs must lie beside each other: mintd looks for the signatory there.
func Build(ctx context.Context, dir string, tags string) (Programs, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Programs{}, fmt.Errorf("making the folder of the programs: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", tags, "-o", dir+string(filepath.Separator),
		"mintmark/cmd/signatory", "mintmark/cmd/mintd")
	if out, err := cmd.CombinedOutput(); err != nil {
		return Programs{}, fmt.Errorf("building the programs: %w\n%s", err, out)
	}
	return Programs{Signatory: filepath.Join(dir, "signatory"), Mintd: filepath.Join(dir, "mintd")}, nil
}
