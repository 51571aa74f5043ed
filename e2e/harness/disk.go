package harness

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"unsafe"
)

// SmallDisk puts the mint's data, which must not exist yet, on a disk of its own
// with so many bytes. It fails where this process may not mount one.
func (s *Stack) SmallDisk(size int) error {
	s.t.Helper()
	dir := s.mintData()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", size)); err != nil {
		return fmt.Errorf("mounting a small disk: %w", err)
	}
	s.t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			s.t.Error(err)
		}
	})
	return nil
}

// FillDisk leaves no byte free on the disk of the mint's data.
func (s *Stack) FillDisk() {
	s.t.Helper()
	f, err := os.OpenFile(s.ballast(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		switch _, err := f.Write(make([]byte, size)); {
		case err == nil:
		case errors.Is(err, syscall.ENOSPC):
			size /= 4
		default:
			s.t.Fatal(err)
		}
	}
}

// EmptyDisk gives the space back.
func (s *Stack) EmptyDisk() {
	s.t.Helper()
	if err := os.Remove(s.ballast()); err != nil {
		s.t.Fatal(err)
	}
}

func (s *Stack) ballast() string { return filepath.Join(s.mintData(), "ballast") }

// LimitFiles sets how long a file may become that the process writes. Beyond it
// writing fails, as on a full disk, for who may not mount a small one.
func (p *Process) LimitFiles(bytes uint64) {
	p.t.Helper()
	limit := [2]uint64{bytes, ^uint64(0)} // soft and hard, as struct rlimit64
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(p.PID()), syscall.RLIMIT_FSIZE,
		uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if errno != 0 {
		p.t.Fatalf("limiting the files of %s: %v", p.Name, errno)
	}
}

// NoLimit is LimitFiles for as long as they like.
const NoLimit = ^uint64(0)
