package keystore

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"mintmark/cashu"
	"mintmark/internal/seedfile"
)

// backedUp is an open keystore and a backup of it, with a sealed seed.
func backedUp(t *testing.T) (cfg Config, ks *Keystore, dir string) {
	t.Helper()
	cfg = testConfig(t)
	ks = mustOpen(t, cfg)
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	mustRotate(t, ks, RotateParams{Unit: "sat"})
	mustPrepare(t, ks, RotateParams{Unit: "usd", Amounts: powersOfTwo(3), IDVersion: ptr(cashu.V1)})
	seed := filepath.Join(filepath.Dir(cfg.Path), "seed")
	if err := seedfile.Write(seed, nuts250Seed, seedfile.Seal{Identity: newIdentity(t)}); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "backup")
	if _, err := Backup(t.Context(), At(cfg.Path), seed, dir, testNow); err != nil { // while it is open
		t.Fatal(err)
	}
	return cfg, ks, dir
}

// newIdentity is the content of an identity file, as age-keygen writes it.
func newIdentity(t *testing.T) []byte {
	t.Helper()
	i, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return []byte(i.String() + "\n")
}

func assertMode0600(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v, want 0600", info.Mode().Perm())
	}
}

func assertAlone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 || entries[0].Name() != filepath.Base(path) {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
}

func TestABackupComesBackAsItWas(t *testing.T) {
	t.Parallel()
	cfg, ks, dir := backedUp(t)
	before, lives := ks.Keysets(), ks.Lives()
	seq, hash, err := ks.AuditHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, seed := range []seedfile.Seed{{}, mustSeed(t, nuts250Seed)} {
		m, err := VerifyBackup(t.Context(), dir, seed)
		if err != nil || len(m.Keysets) != 3 || m.AuditHead != (AuditHead{seq, hash}).String() ||
			m.Identity != ks.Identity().String() || !m.Made.Equal(testNow) {
			t.Errorf("manifest %+v, %v", m, err)
		}
	}
	assertMode0600(t, filepath.Join(dir, BackupDatabase))
	assertMode0600(t, filepath.Join(dir, BackupSeed))

	to := filepath.Join(t.TempDir(), "keystore.db")
	restored := cfg
	restored.Seed = mustSeed(t, nuts250Seed)
	if _, err := Restore(t.Context(), dir, restored.to(to)); err != nil {
		t.Fatal(err)
	}
	assertAlone(t, to)
	restored.Path, restored.Create = to, false
	after := mustOpen(t, restored)
	if s := after.Keysets(); s.Epoch != before.Epoch || len(s.Keysets) != len(before.Keysets) || s.Keysets[1].ID != before.Keysets[1].ID || !slices.Equal(after.Lives(), lives) {
		t.Errorf("the keysets are %+v, were %+v", s, before)
	}
	s := mustVerifyAudit(t, to, &AuditHead{seq, hash})
	if s.Records != seq+1 || s.Kinds[AuditRestore] != 1 {
		t.Errorf("the audit log is %+v", s)
	}
	if _, err := Restore(t.Context(), dir, restored.to(to)); err == nil {
		t.Error("a database was overwritten")
	}
}

// The backup is older than the last rotation, whose keys must not come again, nor
// those of rotations after an earlier restore of the same backup.
func TestNoKeyComesAgainAfterAnOldBackupIsRestored(t *testing.T) {
	t.Parallel()
	cfg, ks, dir := backedUp(t)
	used := map[string]string{}
	note := func(k cashu.Keyset) {
		t.Helper()
		key, _ := k.Keys.Get(1)
		if other, twice := used[key.String()]; twice {
			t.Errorf("keyset %s has the key of %s", k.ID, other)
		}
		used[key.String()] = k.ID.String()
	}
	for _, k := range ks.Keysets().Keysets {
		note(k)
	}
	note(mustRotate(t, ks, RotateParams{Unit: "sat", InputFeePPK: ptr[uint64](1)}))
	now := testNow
	for i := range 3 {
		now = now.Add(2 * time.Minute)
		again := cfg
		again.Clock = func() time.Time { return now }
		again.Seed = mustSeed(t, nuts250Seed)
		to := filepath.Join(t.TempDir(), "keystore.db")
		if _, err := Restore(t.Context(), dir, again.to(to)); err != nil {
			t.Fatal(err)
		}
		again.Path = to
		ks := mustOpen(t, again)
		note(mustRotate(t, ks, RotateParams{Unit: "sat", InputFeePPK: ptr(uint64(i + 2))}))
		note(mustPrepare(t, ks, RotateParams{Unit: "sat", InputFeePPK: ptr(uint64(i + 2))}))
		note(mustRotate(t, ks, RotateParams{Unit: "eur", Amounts: powersOfTwo(1)}))
	}
}

func TestABackupThatWasChangedIsNoticed(t *testing.T) {
	t.Parallel()
	edit := func(name, old, new string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			path := filepath.Join(dir, name)
			content, err := os.ReadFile(path)
			if err == nil && !strings.Contains(string(content), old) {
				t.Fatalf("%s has no %q", name, old)
			}
			if err == nil {
				err = os.WriteFile(path, []byte(strings.Replace(string(content), old, new, 1)), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	// rehash makes the manifest fit the changed database again.
	rehash := func(t *testing.T, dir string) {
		t.Helper()
		m, err := readManifest(dir)
		if err != nil {
			t.Fatal(err)
		}
		f, err := describeFile(filepath.Join(dir, BackupDatabase))
		if err != nil {
			t.Fatal(err)
		}
		edit(BackupManifest, m.Files[BackupDatabase].SHA256, f.SHA256)(t, dir)
		if m.Files[BackupDatabase].Size != f.Size {
			t.Fatal("the size changed as well")
		}
	}
	forged := func(sql string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			forge(t, filepath.Join(dir, BackupDatabase), sql)
			rehash(t, dir)
		}
	}
	for name, c := range map[string]struct {
		change func(*testing.T, string)
		want   error
	}{
		"no manifest":          {func(_ *testing.T, dir string) { _ = os.Remove(filepath.Join(dir, BackupManifest)) }, os.ErrNotExist},
		"no database":          {func(_ *testing.T, dir string) { _ = os.Remove(filepath.Join(dir, BackupDatabase)) }, ErrBackup},
		"another seed file":    {edit(BackupSeed, "AGE", "age"), ErrBackup},
		"a manifest cut short": {edit(BackupManifest, "}", ""), ErrBackup},
		"a field nobody knows": {edit(BackupManifest, `"format"`, `"x": 1, "format"`), ErrBackup},
		"another stage":        {edit(BackupManifest, `"prepared"`, `"active"`), ErrBackup},
		"another epoch":        {edit(BackupManifest, `"epoch": 4`, `"epoch": 5`), ErrBackup},
		"a file nobody knows":  {edit(BackupManifest, `"seed"`, `"../seed"`), ErrBackup},
		"a database changed": {func(t *testing.T, dir string) {
			forge(t, filepath.Join(dir, BackupDatabase), "UPDATE keystore SET index_floor = 1")
		}, ErrBackup},
		"a keyset changed":        {forged("UPDATE keysets SET fee_ppk = 9"), ErrMismatch},
		"an audit record changed": {forged("UPDATE audit SET client = 'x' WHERE seq = 2"), ErrAudit},
		"a keyset made active":    {forged("UPDATE keysets SET active = 1"), ErrBackup},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, _, dir := backedUp(t)
			c.change(t, dir)
			seed := mustSeed(t, nuts250Seed)
			_, err := VerifyBackup(t.Context(), dir, seed)
			if !errors.Is(err, c.want) {
				t.Errorf("VerifyBackup = %v, want %v", err, c.want)
			}
			to := filepath.Join(t.TempDir(), "keystore.db")
			cfg.Seed = seed
			if _, err := Restore(t.Context(), dir, cfg.to(to)); err == nil {
				t.Error("it was restored")
			}
			if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("there is a database: %v", err)
			}
		})
	}
}

func TestABackupIsNotRestoredWithAnotherSeed(t *testing.T) {
	t.Parallel()
	cfg, _, dir := backedUp(t)
	to := filepath.Join(t.TempDir(), "keystore.db")
	for name, seed := range map[string]seedfile.Seed{"another": mustSeed(t, otherSeed), "none": {}} {
		cfg.Seed = seed
		if _, err := Restore(t.Context(), dir, cfg.to(to)); err == nil {
			t.Errorf("it was restored with %s seed", name)
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(to)); err != nil || len(entries) > 0 {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
}

func TestAFailedBackupLeavesNoDirectoryAndAPlainSeedStaysAtHome(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	mustOpen(t, cfg)
	plain := filepath.Join(filepath.Dir(cfg.Path), "seed")
	if err := seedfile.Write(plain, nuts250Seed, seedfile.Seal{}); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "backup")
	if _, err := Backup(t.Context(), At(cfg.Path), plain, dir, testNow); !errors.Is(err, seedfile.ErrNotSealed) {
		t.Errorf("Backup = %v, want ErrNotSealed", err)
	}
	if _, err := Backup(t.Context(), At(cfg.Path+"x"), "", dir, testNow); err == nil {
		t.Error("nothing was backed up")
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a directory: %v", err)
	}
	if _, err := Backup(t.Context(), At(cfg.Path), "", dir, testNow); err != nil {
		t.Fatal(err)
	}
	if _, err := Backup(t.Context(), At(cfg.Path), "", dir, testNow); !errors.Is(err, os.ErrExist) {
		t.Errorf("a backup was overwritten: %v", err)
	}
	if _, err := VerifyBackup(t.Context(), dir, seedfile.Seed{}); err != nil {
		t.Errorf("the refused backup damaged the one that is there: %v", err)
	}
}

// to is the configuration of a keystore that goes elsewhere.
func (c Config) to(path string) Config {
	c.Path = path
	return c
}
