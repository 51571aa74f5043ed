package deploy

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestTheImagesRunAsTheyAreWritten lays out the files of both images as the
// Containerfile says, and runs their own commands in them, as their user, with no
// other file of this machine and on a network of their own: the part of a container
// engine that matters here. Then a wallet would be served.
func TestTheImagesRunAsTheyAreWritten(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can run a program in other files, as another user")
	}
	runtime.LockOSThread() // for ever: the thread, and the network with it, ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("this machine lets nobody make a network: %v", err)
	}
	raiseLoopback(t)
	images := layOut(t)
	signatory, mintd := images["signatory"], images["mintd"]

	signatory.give(t, "/run/secrets/passphrase", "a passphrase for a test")
	signatory.run(t, "init", "--data", "/data", "--passphrase-file", "/run/secrets/passphrase", "--no-words")
	signatory.run(t, "certs", "--out", "/data/tls")
	for _, to := range []*image{signatory, mintd} {
		for _, name := range []string{"ca.pem", "server.pem", "server.key", "client.pem", "client.key"} {
			pem, err := os.ReadFile(filepath.Join(signatory.root, "data", "tls", name))
			if err != nil {
				t.Fatal(err)
			}
			to.give(t, "/tls/"+name, string(pem))
		}
	}
	mintd.give(t, "/etc/mintd.toml", `
listen = "0.0.0.0:3338"
[signatory]
address = "127.0.0.1:15060"
tls_dir = "/tls"
`)
	signatory.serve(t)
	mintd.serve(t)

	var answer struct {
		Keysets []struct {
			Active bool `json:"active"`
		} `json:"keysets"`
	}
	if err := json.Unmarshal(ask(t, "127.0.0.1:3338", "/v1/keysets", time.Minute), &answer); err != nil || len(answer.Keysets) != 1 || !answer.Keysets[0].Active {
		t.Errorf("the mint of the image shows %+v: %v", answer, err)
	}
}

// TestWhatTheImagesAreMadeOf holds the Containerfile to what cannot be seen from
// inside a running image.
func TestWhatTheImagesAreMadeOf(t *testing.T) {
	t.Parallel()
	ignored, err := os.ReadFile("../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mintmark-data", "bin"} {
		if !strings.Contains("\n"+string(ignored), "\n"+name+"\n") {
			t.Errorf(".dockerignore lets %s into the build", name)
		}
	}
	for name, stage := range stages(t) {
		if name == "build" {
			continue
		}
		if base := stage.first("FROM"); !strings.HasPrefix(base, "scratch ") {
			t.Errorf("%s is made from %q: a program and nothing else was promised", name, base)
		}
		if uid, _, _ := strings.Cut(stage.first("USER"), ":"); uid == "" || uid == "0" || uid == "root" {
			t.Errorf("%s runs as %q", name, uid)
		}
	}
}

// stage is the lines of a stage of the Containerfile: instruction and the rest.
type stage [][2]string

func (s stage) first(instruction string) string {
	for _, line := range s {
		if line[0] == instruction {
			return line[1]
		}
	}
	return ""
}

// stages reads the Containerfile.
func stages(t *testing.T) map[string]stage {
	t.Helper()
	text, err := os.ReadFile("Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]stage{}
	name := ""
	for line := range strings.Lines(string(text)) {
		instruction, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || instruction == "#" {
			continue
		}
		if instruction == "FROM" {
			_, name, _ = strings.Cut(rest, " AS ")
		}
		found[name] = append(found[name], [2]string{instruction, rest})
	}
	if len(found) != 3 {
		t.Fatalf("the Containerfile has %d stages, want build, signatory and mintd", len(found))
	}
	return found
}

// image is a stage laid out as a directory.
type image struct {
	name     string
	root     string
	uid, gid int
	entry    []string
	command  []string
}

// layOut builds the programs as the stage "build" does and copies to every image what
// its own stage copies.
func layOut(t *testing.T) map[string]*image {
	t.Helper()
	all := stages(t)
	built := t.TempDir()
	for _, line := range all["build"] {
		if line[0] != "RUN" || !strings.Contains(line[1], "go build") {
			continue
		}
		build := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(line[1], "-o /out/", "-o "+built+"/", 1))
		build.Dir = ".."
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line[1], err, out)
		}
	}
	copied := regexp.MustCompile(`^--from=build(?: --chown=(\d+):(\d+))? (\S+) (\S+)$`)
	images := map[string]*image{}
	for name, lines := range all {
		if name == "build" {
			continue
		}
		i := &image{name: name, root: t.TempDir()}
		if err := os.Chmod(i.root, 0o755); err != nil { // as an engine makes it
			t.Fatal(err)
		}
		for _, line := range lines {
			switch line[0] {
			case "COPY":
				m := copied.FindStringSubmatch(line[1])
				if m == nil {
					t.Fatalf("%s: what does %q copy?", name, line[1])
				}
				i.copy(t, strings.Replace(m[3], "/out/", built+"/", 1), m[4], m[1], m[2])
			case "USER":
				if _, err := fmt.Sscanf(line[1], "%d:%d", &i.uid, &i.gid); err != nil {
					t.Fatalf("%s: USER %s: %v", name, line[1], err)
				}
			case "ENTRYPOINT":
				words(t, line[1], &i.entry)
			case "CMD":
				words(t, line[1], &i.command)
			}
		}
		images[name] = i
	}
	return images
}

func words(t *testing.T, list string, into *[]string) {
	t.Helper()
	if err := json.Unmarshal([]byte(list), into); err != nil {
		t.Fatalf("%s: %v", list, err)
	}
}

// copy puts one thing into the image. /empty is the empty directory of the stage
// "build".
func (i *image) copy(t *testing.T, from, to, uid, gid string) {
	t.Helper()
	to = filepath.Join(i.root, to)
	var err error
	switch _, missing := os.Stat(from); {
	case from == "/empty":
		err = os.MkdirAll(to, 0o700)
	case missing != nil && strings.HasPrefix(from, "/etc/ssl/"):
		t.Logf("%s: this machine has no %s to copy; the image of the build stage has", i.name, from)
	default:
		var data []byte
		if data, err = os.ReadFile(from); err == nil {
			if err = os.MkdirAll(filepath.Dir(to), 0o755); err == nil {
				err = os.WriteFile(to, data, 0o755)
			}
		}
	}
	if err != nil {
		t.Fatalf("%s: %v", i.name, err)
	}
	if uid != "" {
		owner, _ := strconv.Atoi(uid)
		group, _ := strconv.Atoi(gid)
		if err := os.Chown(to, owner, group); err != nil {
			t.Fatal(err)
		}
	}
}

// give mounts a file of the operator's: only the image's user can read it.
func (i *image) give(t *testing.T, path, content string) {
	t.Helper()
	path = filepath.Join(i.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o400); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, i.uid, i.gid); err != nil {
		t.Fatal(err)
	}
}

// start runs the image's program in the image's files, as the image's user, as the
// first process of its own tree.
func (i *image) start(t *testing.T, args []string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(i.root, "proc"), 0o755); err != nil {
		t.Fatal(err)
	}
	line := append([]string{
		"--mount", "--pid", "--fork", "--kill-child", "--root=" + i.root, "--mount-proc=/proc",
		"--setgid=" + strconv.Itoa(i.gid), "--setuid=" + strconv.Itoa(i.uid), "--",
	}, append(i.entry, args...)...)
	cmd := exec.Command("unshare", line...)
	cmd.Env = []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %v", i.name, err)
	}
	_ = write.Close()
	t.Cleanup(func() { _ = read.Close() })
	return cmd, bufio.NewReader(read)
}

// run lets the program do one thing.
func (i *image) run(t *testing.T, args ...string) {
	t.Helper()
	cmd, output := i.start(t, args)
	said, _ := io.ReadAll(output)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%s %s: %v\n%s", i.name, strings.Join(args, " "), err, said)
	}
}

// serve runs the image's own command until the end of the test, and returns when it
// listens. At the end it must stop as the engine would ask it to.
func (i *image) serve(t *testing.T) {
	t.Helper()
	cmd, output := i.start(t, i.command)
	said := make(chan string, 1000)
	go func() {
		defer close(said)
		for line, err := output.ReadString('\n'); err == nil; line, err = output.ReadString('\n') {
			said <- line
		}
	}()
	t.Cleanup(func() {
		child, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid))
		if pid, convErr := strconv.Atoi(strings.TrimSpace(string(child))); err == nil && convErr == nil {
			_ = syscall.Kill(pid, syscall.SIGTERM)
		}
		ended := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
		defer ended.Stop()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s was asked to stop: %v", i.name, err)
		}
	})
	var log strings.Builder
	late := time.After(time.Minute)
	for {
		select {
		case line, ok := <-said:
			log.WriteString(line)
			if !ok {
				t.Fatalf("%s ended:\n%s", i.name, log.String())
			}
			if strings.Contains(line, "listening") {
				go func() {
					for range said { // so that it is never held up
					}
				}()
				return
			}
		case <-late:
			t.Fatalf("%s does not listen:\n%s", i.name, log.String())
		}
	}
}

// ask reads a page of a server on the thread's own network, which may need a while
// before it can answer.
func ask(t *testing.T, address, path string, patience time.Duration) []byte {
	t.Helper()
	for late := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		status, body, err := askOnce(address, path)
		if err == nil && status == http.StatusOK {
			return body
		}
		if time.Now().After(late) {
			t.Fatalf("%s: %d, %v\n%s", path, status, err, body)
		}
	}
}

// askOnce dials in this goroutine: others are on another network.
func askOnce(address, path string) (status int, body []byte, err error) {
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return 0, nil, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: mint\r\nConnection: close\r\n\r\n", path); err != nil {
		return 0, nil, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	return answer.StatusCode, body, err
}

// raiseLoopback turns on the one device of the thread's network.
func raiseLoopback(t *testing.T) {
	t.Helper()
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(socket)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, lo); err != nil {
		t.Fatalf("raising the loopback: %v", err)
	}
}
