package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mintmark/internal/commandline"
)

func TestACommandLineThatMakesNoSenseIsExplained(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	for line, want := range map[string]string{
		"init":                            "--data is missing",
		"init --data DIR surplus":         `unknown command "surplus"`,
		"init --data DIR --passphrase x":  "unknown flag: --passphrase",
		"init --data DIR --passphrase-fd": "flag needs an argument",
		"init --data DIR --passphrase-file a --passphrase-fd 3":            "exclude each other",
		"init --data DIR --plaintext-seed --passphrase-fd 3":               "exclude each other",
		"init --data DIR --plaintext-seed --unit sat":                      "it must be NAME,FEE_PPK,MAX_ORDER, for example sat,0,32",
		"init --data DIR --plaintext-seed --unit sat,0,32,1":               "it must be NAME,FEE_PPK,MAX_ORDER",
		"init --data DIR --plaintext-seed --unit a|b,0,32":                 `"a|b" is not a unit`,
		"init --data DIR --plaintext-seed --unit sat,x,32":                 `the fee "x" is not a number`,
		"init --data DIR --plaintext-seed --unit sat,-1,32":                `the fee "-1" is not a number`,
		"init --data DIR --plaintext-seed --unit sat,100001,32":            "rotation refused: a fee of 100001 thousandths per input is absurd",
		"init --data DIR --plaintext-seed --unit sat,0,x":                  `the order "x" is not a number`,
		"init --data DIR --plaintext-seed --unit sat,0,0":                  "0 is not a number of denominations from 1 to 64",
		"init --data DIR --plaintext-seed --unit sat,0,65":                 "65 is not a number of denominations from 1 to 64",
		"init --data DIR --plaintext-seed --unit sat,0,32 --unit SAT,0,16": "--unit SAT,0,16: the unit is there twice",
		"init --data DIR --plaintext-seed --id-version 0":                  "--id-version must be 1 or 2",
		"serve":                                                "--data is missing",
		"serve --data DIR --socket-mode 0999":                  "--socket-mode 0999 is not an octal mode",
		"serve --data DIR --socket-mode 01777":                 "is not an octal mode",
		"serve --data DIR --drain-timeout 0s":                  "--drain-timeout must be longer than nothing",
		"serve --data DIR --log-level loud":                    "--log-level loud is none of debug, info, warn and error",
		"serve --data DIR --log-format xml":                    "--log-format xml is neither text nor json",
		"serve --data DIR --exit-with-stdin --passphrase-fd 0": "exclude each other",
		"keysets":                            "say list or rotate",
		"keysets delete":                     `unknown command "delete"`,
		"keysets list":                       "--connect is missing",
		"keysets list --connect nowhere":     "neither unix:PATH nor HOST:PORT",
		"keysets list --connect 127.0.0.1:1": "needs a TLS directory",
		"keysets list --connect 192.0.2.1:1 --insecure":                               "insecure is for this machine only",
		"keysets rotate --connect unix:s":                                             "--unit is missing",
		"keysets rotate --connect unix:s --unit a:b":                                  `"a:b" is not a unit`,
		"keysets rotate --connect unix:s --unit sat --amounts 1 --max-order 1":        "exclude each other",
		"keysets rotate --connect unix:s --unit sat --amounts 1,x":                    `"x" is not an amount`,
		"keysets rotate --connect unix:s --unit sat --amounts 18446744073709551616":   "is not an amount",
		"keysets rotate --connect unix:s --unit sat --max-order 0":                    "from 1 to 64",
		"keysets rotate --connect unix:s --unit sat --id-version 3":                   "--id-version must be 1 or 2",
		"keysets rotate --connect unix:s --unit sat --id-version 0":                   "--id-version must be 1 or 2",
		"keysets rotate --connect unix:s --unit sat --final-expiry yesterday":         "nor a duration like 8760h",
		"keysets rotate --connect unix:s --unit sat --final-expiry -1h":               "is in the past",
		"keysets rotate --connect unix:s --unit sat --final-expiry 2001-01-01T00:00Z": "nor a time like",
		"certs":                                "--out is missing",
		"admin":                                "say status, freeze",
		"serve --data DIR --check-output none": "--check-output none is neither sample nor every",
		"admin status":                         "--connect is missing",
		"admin status --connect 127.0.0.1:1":   "is not unix:PATH",
		"admin freeze --connect unix:s":        "say either --unit UNIT or --all",
		"admin unfreeze --connect unix:s --unit sat --all": "say either --unit UNIT or --all",
		"admin prepare --connect unix:s":                   "--unit is missing",
		"admin activate --connect unix:s":                  "give the id of one keyset",
		"admin retire --connect unix:s nonsense":           "keyset",
		"serve --data DIR --admin-mode 08":                 "--admin-mode 08 is not an octal mode",
		"check-config":                                     "say --clients or --rotation",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			args := strings.Fields(strings.ReplaceAll(line, "DIR", dir))
			got := testProgram().execute(t.Context(), args...)
			if got.code != commandline.ExitUsage || got.stdout != "" {
				t.Errorf("code %d, output %q", got.code, got.stdout)
			}
			if !strings.HasPrefix(got.stderr, "signatory: error: ") || !strings.Contains(got.stderr, want) {
				t.Errorf("it says %q, want %q", got.stderr, want)
			}
			if !strings.Contains(got.stderr, "signatory: hint: signatory ") {
				t.Errorf("there is no way out: %q", got.stderr)
			}
		})
	}
	t.Cleanup(func() {
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("a data directory was made: %v", err)
		}
	})
}

func TestAMomentIsReadInThreeWays(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	for text, want := range map[string]uint64{
		"1900000000":                1_900_000_000,
		"1":                         1, // the keystore refuses it, in its own words
		"2030-01-31T00:00:00Z":      1_896_048_000,
		"2030-01-31T01:00:00+01:00": 1_896_048_000,
		"8760h":                     1_800_000_000 + 365*24*3600,
		"1h30m":                     1_800_005_400,
	} {
		if got, err := parseExpiry(text, now); err != nil || got != want {
			t.Errorf("%s is %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestNumbersAreWrittenForPeople(t *testing.T) {
	t.Parallel()
	for ppk, want := range map[uint64]string{
		0: "none", 1: "1 ppk (0.001 sat per input)", 100: "100 ppk (0.1 sat per input)",
		1000: "1000 ppk (1 sat per input)", 10_050: "10050 ppk (10.05 sat per input)",
	} {
		if got := describeFee(ppk, "sat"); got != want {
			t.Errorf("a fee of %d is %q, want %q", ppk, got, want)
		}
	}
	all, err := powersOfTwo(64)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := describeAmounts(all), "64 denominations, 1 to 9223372036854775808"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := describeAmounts(all[1:3]), "2 denominations: 2,4"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
