package keystore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"mintmark/internal/sqldb"
)

// The files of a backup.
const (
	BackupManifest = "manifest.json"
	BackupDatabase = "keystore.db"
	BackupSeed     = "seed" // only when it was asked for
)

const (
	manifestFormat = 1
	maxManifest    = 8 << 20
)

// ErrBackup: the files are not the backup that their manifest describes.
var ErrBackup = errors.New("the backup is damaged or was changed")

// Manifest describes a backup: what must come out of it again.
type Manifest struct {
	Format   int              `json:"format"`
	Made     time.Time        `json:"made"`
	Identity string           `json:"identity"`
	Epoch    uint64           `json:"epoch"`
	Keysets  []ManifestKeyset `json:"keysets"`
	// AuditHead is SEQ:HASH.
	AuditHead string                  `json:"audit_head"`
	Files     map[string]ManifestFile `json:"files"`
}

// ManifestKeyset names one keyset of a backup.
type ManifestKeyset struct {
	ID    string `json:"id"`
	Unit  string `json:"unit"`
	Index uint32 `json:"index"`
	Stage Stage  `json:"stage"`
}

// ManifestFile is what a file of a backup must be like.
type ManifestFile struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

func readManifest(dir string) (Manifest, error) {
	var m Manifest
	f, err := os.Open(filepath.Join(dir, BackupManifest))
	if err != nil {
		return m, fmt.Errorf("%s is no backup: %w", dir, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err != nil {
		return m, fmt.Errorf("reading the manifest: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil || d.More() {
		return m, fmt.Errorf("%w: the manifest cannot be read", ErrBackup)
	}
	if m.Format != manifestFormat {
		return m, fmt.Errorf("the backup has format %d, this version reads %d", m.Format, manifestFormat)
	}
	return m, nil
}

// checkFiles compares the files with the manifest.
func (m Manifest) checkFiles(dir string) error {
	if _, there := m.Files[BackupDatabase]; !there {
		return fmt.Errorf("%w: the manifest names no database", ErrBackup)
	}
	for name, want := range m.Files {
		if name != BackupDatabase && name != BackupSeed {
			return fmt.Errorf("%w: the manifest names %q", ErrBackup, name)
		}
		got, err := describeFile(filepath.Join(dir, name))
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", ErrBackup, err)
		case got != want:
			return fmt.Errorf("%w: %s has %d bytes with the hash %.16s…, not %d with %.16s…",
				ErrBackup, name, got.Size, got.SHA256, want.Size, want.SHA256)
		}
	}
	return nil
}

func describeFile(path string) (ManifestFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return ManifestFile{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return ManifestFile{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return ManifestFile{Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}

// describeDatabase says what is in a database. The audit log is read whole.
func describeDatabase(ctx context.Context, path string) (Manifest, error) {
	audit, err := VerifyAudit(ctx, At(path), nil)
	if err != nil {
		return Manifest{}, err
	}
	m := Manifest{
		Format: manifestFormat, Identity: audit.Identity.String(), AuditHead: audit.Head.String(),
		Keysets: []ManifestKeyset{},
	}
	err = At(path).look(ctx, func(tx sqldb.Tx) error {
		head, err := readHeader(ctx, tx)
		if err != nil {
			return err
		}
		rows, err := readCurrentRows(ctx, tx)
		if err != nil {
			return err
		}
		m.Epoch, m.Keysets = head.epoch, m.Keysets[:0]
		for _, r := range rows {
			m.Keysets = append(m.Keysets, ManifestKeyset{r.id.String(), string(r.unit), r.index, r.life().Stage})
		}
		return nil
	})
	return m, err
}

// sameContent compares everything but when it was made and the files.
func (m Manifest) sameContent(other Manifest) error {
	switch {
	case m.Identity != other.Identity:
		return fmt.Errorf("%w: the database is that of another signatory", ErrBackup)
	case m.AuditHead != other.AuditHead:
		return fmt.Errorf("%w: the audit log ends with %s, not with %s", ErrBackup, other.AuditHead, m.AuditHead)
	case m.Epoch != other.Epoch || !slices.Equal(m.Keysets, other.Keysets):
		return fmt.Errorf("%w: the database holds other keysets", ErrBackup)
	}
	return nil
}
