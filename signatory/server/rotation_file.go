package server

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"mintmark/cashu"
	"mintmark/keystore/rotation"
)

// rotationTOML is the file that says when units rotate by themselves.
type rotationTOML struct {
	Rotation []struct {
		Unit          string `toml:"unit"`
		MaxAge        string `toml:"max_age"`
		MaxSignatures uint64 `toml:"max_signatures"`
		BeforeExpiry  string `toml:"before_expiry"`
		ExpireAfter   string `toml:"expire_after"`
		Announce      string `toml:"announce"`
		Jitter        string `toml:"jitter"`
		MinInterval   string `toml:"min_interval"`
		MaxPerMonth   int    `toml:"max_per_month"`
	} `toml:"rotation"`
}

// Policies says when units rotate by themselves; a unit that is not in it never.
type Policies map[cashu.Unit]rotation.Policy

// ReadRotation reads a rotation file. A key that is not known and a policy that
// makes no sense are errors, all of them reported at once. A file that others may
// write is refused.
func ReadRotation(path string) (Policies, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading the rotation file: %w", err)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("the rotation file %s can be changed by other users: its mode is %04o (chmod go-w)", path, info.Mode().Perm())
	}
	if info.Size() > maxClientsFile {
		return nil, fmt.Errorf("the rotation file %s is larger than %d bytes", path, maxClientsFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the rotation file: %w", err)
	}
	return ParseRotation(path, text)
}

// ParseRotation is ReadRotation for a text; name stands in the errors.
func ParseRotation(name string, text []byte) (Policies, error) {
	var file rotationTOML
	d := toml.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, tomlError(name, err)
	}
	out := Policies{}
	var problems []error
	for i, in := range file.Rotation {
		bad := func(err error) {
			if err != nil {
				problems = append(problems, fmt.Errorf("%s: rotation %d (%q): %w", name, i+1, in.Unit, err))
			}
		}
		unit, err := cashu.ParseUnit(in.Unit)
		bad(err)
		if _, twice := out[unit]; twice {
			bad(errors.New("the unit is there twice"))
		}
		p := rotation.Policy{MaxSignatures: in.MaxSignatures, MaxPerMonth: in.MaxPerMonth}
		var wrong []error
		for _, field := range []struct {
			name, text string
			to         *time.Duration
		}{
			{"max_age", in.MaxAge, &p.MaxAge}, {"before_expiry", in.BeforeExpiry, &p.BeforeExpiry},
			{"expire_after", in.ExpireAfter, &p.ExpireAfter}, {"announce", in.Announce, &p.Announce},
			{"jitter", in.Jitter, &p.Jitter}, {"min_interval", in.MinInterval, &p.MinInterval},
		} {
			if *field.to, err = parseDays(field.text); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", field.name, err))
			}
		}
		if len(wrong) == 0 {
			p, err = p.Complete()
			wrong = append(wrong, err)
		}
		bad(errors.Join(wrong...))
		out[unit] = p
	}
	if len(file.Rotation) == 0 {
		problems = append(problems, fmt.Errorf("%s: there is no [[rotation]]: nothing would rotate", name))
	}
	return out, errors.Join(problems...)
}

// parseDays reads a duration like 30d or 36h. Nothing is 0.
func parseDays(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is no duration like 30d or 36h", text)
	}
	return d, nil
}

// Describe writes the policies for the operator, with every default.
func (p Policies) Describe() string {
	var b strings.Builder
	for _, unit := range slices.Sorted(maps.Keys(p)) {
		fmt.Fprintf(&b, "%s rotates %s\n", unit, p[unit])
	}
	return b.String()
}
