package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const somePin = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

func mustParse(t testing.TB, text string) *Clients {
	t.Helper()
	c, err := ParseClients("clients.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAClientIsRecognisedByWhatTheTransportProves(t *testing.T) {
	t.Parallel()
	c := mustParse(t, `
[[client]]
name = "pinned"
roles = ["mint"]
spki = ["`+somePin+`"]
[[client]]
name = "named"
roles = ["mint", "rotator"]
san = ["dns:Mint.Example", "ip:2001:DB8::1", "uri:spiffe://example/mint"]
[[client]]
name = "user"
roles = ["admin"]
uid = [1001]
[[client]]
name = "group"
roles = ["monitor"]
gid = [1001, 7]
`)
	withNames := func(names ...string) identity { return identity{kind: certificate, names: names} }
	var pinned pin
	for i := range pinned {
		pinned[i] = 0xaa
	}
	for name, test := range map[string]struct {
		id   identity
		want string // empty: nobody
	}{
		"the key":                           {identity{kind: certificate, pin: pinned}, "pinned"},
		"the key, whatever the names":       {identity{kind: certificate, pin: pinned, names: []string{"dns:mint.example"}}, "pinned"},
		"a DNS name":                        {withNames("dns:mint.example"), "named"},
		"a DNS name among others":           {withNames("dns:other", "dns:mint.example"), "named"},
		"two names of one client":           {withNames("dns:mint.example", "ip:2001:db8::1"), "named"},
		"an address":                        {withNames("ip:2001:db8::1"), "named"},
		"a URI":                             {withNames("uri:spiffe://example/mint"), "named"},
		"a name below":                      {withNames("dns:x.mint.example"), ""},
		"no name and another key":           {identity{kind: certificate}, ""},
		"a user":                            {identity{kind: socket, uid: 1001}, "user"},
		"a user before its group":           {identity{kind: socket, uid: 1001, gid: 7}, "user"},
		"a group":                           {identity{kind: socket, uid: 5, gid: 1001}, "group"},
		"another user":                      {identity{kind: socket, uid: 1002, gid: 1002}, ""},
		"root is nobody special":            {identity{kind: socket}, ""},
		"a certificate with a user's zeros": {identity{kind: certificate, uid: 1001}, ""},
		"a connection without identity":     {identity{}, ""},
	} {
		got, err := c.find(test.id)
		switch {
		case test.want == "" && err == nil:
			t.Errorf("%s is %s", name, got.Name)
		case test.want != "" && (err != nil || got.Name != test.want):
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestACertificateOfTwoClientsIsNobodys(t *testing.T) {
	t.Parallel()
	c := mustParse(t, `
[[client]]
name = "a"
roles = ["mint"]
san = ["dns:a"]
[[client]]
name = "b"
roles = ["monitor"]
san = ["dns:b"]
`)
	if got, err := c.find(identity{kind: certificate, names: []string{"dns:a", "dns:b"}}); err == nil || !strings.Contains(err.Error(), "two clients, a and b") {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAClientsFileThatMakesNoSenseIsExplained(t *testing.T) {
	t.Parallel()
	const good = "[[client]]\nname = \"m\"\nroles = [\"mint\"]\nuid = [1]\n"
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"nothing":                  {"", []string{"nobody could do anything"}},
		"an unknown key":           {good + "role = \"mint\"\n", []string{"clients.toml:5: unknown key client.role"}},
		"two unknown keys":         {good + "x = 1\ny = 2\n", []string{"clients.toml:5: unknown key client.x", "clients.toml:6: unknown key client.y"}},
		"an unknown table":         {good + "[other]\nz = 1\n", []string{"unknown key other"}},
		"a value of another type":  {"[[client]]\nname = 5\n", []string{"clients.toml:2: "}},
		"not TOML":                 {"[[client]\n", []string{"clients.toml:1: "}},
		"no roles":                 {"[[client]]\nname = \"m\"\nuid = [1]\n", []string{`client 1 ("m"): it has no roles`}},
		"a role that is not":       {"[[client]]\nname = \"m\"\nroles = [\"root\"]\nuid = [1]\n", []string{`"root" is none of the roles mint, rotator, admin, monitor`}},
		"nothing to recognise":     {"[[client]]\nname = \"m\"\nroles = [\"mint\"]\n", []string{"nothing to recognise it by"}},
		"a common name":            {good + "cn = \"mint\"\n", []string{"unknown key client.cn"}},
		"a short pin":              {"[[client]]\nname = \"m\"\nroles = [\"mint\"]\nspki = [\"sha256:aa\"]\n", []string{"is no pin"}},
		"a pin without algorithm":  {"[[client]]\nname = \"m\"\nroles = [\"mint\"]\nspki = [\"" + somePin[7:] + "\"]\n", []string{"is no pin"}},
		"a wildcard":               {"[[client]]\nname = \"m\"\nroles = [\"mint\"]\nsan = [\"dns:*.example\"]\n", []string{"without wildcards"}},
		"a name without kind":      {"[[client]]\nname = \"m\"\nroles = [\"mint\"]\nsan = [\"mint.example\"]\n", []string{"dns:NAME"}},
		"an address that is none":  {"[[client]]\nname = \"m\"\nroles = [\"mint\"]\nsan = [\"ip:1.2.3\"]\n", []string{"dns:NAME"}},
		"a uid that cannot be":     {"[[client]]\nname = \"m\"\nroles = [\"mint\"]\nuid = [-1]\n", []string{"-1 is no id"}},
		"a uid of all ones":        {"[[client]]\nname = \"m\"\nroles = [\"mint\"]\nuid = [4294967295]\n", []string{"4294967295 is no id"}},
		"an admin by certificate":  {"[[client]]\nname = \"m\"\nroles = [\"admin\"]\nsan = [\"dns:m\"]\n", []string{"needs a uid or gid"}},
		"rotate of a monitor":      {"[[client]]\nname = \"m\"\nroles = [\"monitor\"]\nuid = [1]\nrotate = \"same\"\n", []string{"rotate is for a client that is a mint"}},
		"rotate of a rotator":      {"[[client]]\nname = \"m\"\nroles = [\"mint\", \"rotator\"]\nuid = [1]\nrotate = \"deny\"\n", []string{"rotate is for a client that is a mint"}},
		"a rotate that is not":     {good + "rotate = \"perhaps\"\n", []string{`rotate is "perhaps" and must be one of deny, same, allow`}},
		"a name twice":             {good + "[[client]]\nname = \"m\"\nroles = [\"mint\"]\nuid = [2]\n", []string{`client 2 ("m"): the name is there twice`}},
		"one user as two clients":  {good + "[[client]]\nname = \"n\"\nroles = [\"mint\"]\nuid = [1]\n", []string{"1 is the client m already"}},
		"a name with a line break": {"[[client]]\nname = \"a\\nb\"\nroles = [\"mint\"]\nuid = [1]\n", []string{"the name must be"}},
		"too many items":           {good + "max_items = 1001\n", []string{"max_items is 1001 and must be 1 to 1000"}},
		"less than nothing":        {good + "max_in_flight = -1\n", []string{"max_in_flight is -1"}},
		"a budget of no unit":      {good + "[[client.budget]]\nhour_value = 1\n", []string{`for the unit "", which is none`}},
		"a budget of nothing":      {good + "[[client.budget]]\nunit = \"sat\"\n", []string{"the budget for sat limits nothing"}},
		"a negative budget":        {good + "[[client.budget]]\nunit = \"sat\"\nhour_value = -1\n", []string{"clients.toml:7: "}},
		"two budgets of a unit":    {good + "[[client.budget]]\nunit = \"sat\"\nday_value = 1\n[[client.budget]]\nunit = \"SAT\"\nday_value = 2\n", []string{"two budgets for sat"}},
		"an unknown limit":         {good + "[[client.budget]]\nunit = \"sat\"\nweek_value = 1\n", []string{"clients.toml:7: unknown key client.budget.week_value"}},
		"change of no unit":        {good + "[[client.melt_change]]\ngrace = \"1h\"\nvalue = 1\nsignatures = 1\n", []string{`for the unit "", which is none`}},
		"change for ever":          {good + "[[client.melt_change]]\nunit = \"sat\"\ngrace = \"2161h\"\nvalue = 1\nsignatures = 1\n", []string{`"2161h" and must be a duration like 72h, at most 2160h`}},
		"change without limits":    {good + "[[client.melt_change]]\nunit = \"sat\"\n", []string{`is "" and must be a duration`, "must say a value and a number of signatures"}},
		"change of a unit twice":   {good + strings.Repeat(changeOfTen, 2), []string{"two melt_change for sat"}},
		"change for a monitor":     {"[[client]]\nname = \"m\"\nroles = [\"monitor\"]\nuid = [1]\n" + changeOfTen, []string{"melt_change is for a client that is a mint"}},
		"everything at once": {
			"[[client]]\n[[client]]\nname = \"n\"\nroles = [\"x\"]\nspki = [\"y\"]\nsan = [\"z\"]\n",
			[]string{`client 1 (""): the name must be`, `client 1 (""): it has no roles`, `"x" is none`, `"y" is no pin`, `"z" is no name`},
		},
	} {
		_, err := ParseClients("clients.toml", []byte(test.text))
		if err == nil {
			t.Errorf("accepted: %s", name)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
	}
}

func TestAClientsFileThatOthersCanChangeIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "clients.toml")
	if err := os.WriteFile(path, []byte("[[client]]\nname = \"m\"\nroles = [\"mint\"]\nuid = [1]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, ok := range map[os.FileMode]bool{0o600: true, 0o644: true, 0o660: false, 0o602: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadClients(path); (err == nil) != ok {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
}

func FuzzClientsFile(f *testing.F) {
	f.Add("[[client]]\nname = \"m\"\nroles = [\"mint\"]\nuid = [1]\nrotate = \"same\"\n")
	f.Add("[[client]]\nname = \"m\"\nroles = [\"admin\", \"monitor\"]\nspki = [\"" + somePin + "\"]\nsan = [\"ip:::1\"]\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseClients("f", []byte(text))
		if (err == nil) != (c != nil) {
			t.Fatalf("%v, %v", c, err)
		}
		if err != nil {
			return
		}
		for _, one := range c.list {
			if one.Roles == 0 || one.Name == "" || len(one.pins)+len(one.names)+len(one.uids)+len(one.gids) == 0 {
				t.Errorf("accepted: %+v", one)
			}
		}
	})
}
