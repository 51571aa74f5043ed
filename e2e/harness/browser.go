package harness

import (
	"bufio"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	formPattern  = regexp.MustCompile(`(?s)<form[^>]*action="([^"]+)"`)
	inputPattern = regexp.MustCompile(`(?s)<input[^>]*>`)
	namePattern  = regexp.MustCompile(`name="([^"]+)"`)
	valuePattern = regexp.MustCompile(`value="([^"]*)"`)
)

// browse is what a browser and its user do at the login provider: follow, keep
// cookies, say a name, agree to everything, until a page asks for nothing more.
func browse(address, user string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	browser := http.Client{Jar: jar, Timeout: patience}
	resp, err := browser.Get(address)
	for range 20 {
		if err != nil {
			return err
		}
		page, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return err
		}
		form := formPattern.FindSubmatch(page)
		if form == nil {
			if resp.StatusCode != http.StatusOK {
				return fmt.Errorf("the browser shows %s: %s", resp.Status, page)
			}
			return nil
		}
		action, err := resp.Request.URL.Parse(html.UnescapeString(string(form[1])))
		if err != nil {
			return err
		}
		resp, err = browser.PostForm(action.String(), fill(page, user))
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("the login has no end")
}

// fill fills in the form of a page.
func fill(page []byte, user string) url.Values {
	values := url.Values{}
	for _, input := range inputPattern.FindAll(page, -1) {
		name := namePattern.FindSubmatch(input)
		if name == nil {
			continue
		}
		value := ""
		if v := valuePattern.FindSubmatch(input); v != nil {
			value = html.UnescapeString(string(v[1]))
		}
		switch string(name[1]) {
		case "login":
			value = user
		case "password":
			value = "any"
		}
		values.Set(string(name[1]), value)
	}
	return values
}

// LogIn runs "login" with these arguments, and does what it tells the user to do.
func (w *MyWallet) LogIn(user string, args ...string) {
	w.t.Helper()
	var complaints strings.Builder
	cmd := w.command("", append([]string{"--yes", "--json", "login"}, args...)...)
	cmd.Stderr = &complaints
	out, ended, err := startTalking(cmd)
	if err != nil {
		w.t.Fatal(err)
	}
	told := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var v struct {
			Direct  string `json:"verification_uri_complete"`
			Browser string `json:"authorization_uri"`
		}
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			w.t.Errorf("wallet login: %v: %s", err, lines.Text())
		}
		if address := v.Direct + v.Browser; address != "" {
			told = true
			if err := browse(address, user); err != nil {
				w.t.Errorf("logging in: %v", err)
				_ = cmd.Process.Kill()
			}
		}
	}
	if err := <-ended; err != nil || !told {
		w.t.Fatalf("wallet login %s: %v: %s", strings.Join(args, " "), err, complaints.String())
	}
}

// Files is everything that lies in the directory of these wallets.
func (w *MyWallet) Files() string {
	w.t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all.String()
}
