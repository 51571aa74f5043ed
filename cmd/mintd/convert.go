package main

import (
	"slices"
	"strings"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

func (d Duration) std() time.Duration { return time.Duration(d) }

// identity is the pinned key, zero when none is configured.
func (s Signatory) identity() bdhke.Point {
	if s.Identity == "" {
		return bdhke.Point{}
	}
	p, _ := bdhke.ParsePointHex(s.Identity) // validate has seen it
	return p
}

func (l Limits) mint() mint.Limits {
	return mint.Limits{
		MaxInputs: l.MaxInputs, MaxOutputs: l.MaxOutputs, MaxStates: l.MaxStates,
		MaxSecret: l.MaxSecret, MaxWitness: l.MaxWitness,
	}
}

// playMoney is what users of a mint with a fake backend must be told, whatever
// else the operator has to say.
const playMoney = "TEST MINT with play money: nobody pays for its ecash, and it is worth nothing."

func (i Info) about(fake bool) mint.About {
	about := mint.About{
		Name: i.Name, Description: i.Description, DescriptionLong: i.DescriptionLong, MOTD: i.Motd,
		IconURL: i.IconURL, TOSURL: i.TosURL, URLs: i.URLs,
	}
	for _, c := range i.Contact {
		about.Contact = append(about.Contact, cashu.MintContact{Method: c.Method, Info: c.Info})
	}
	if fake {
		about.Name = strings.TrimSpace(i.Name + " (play money)")
		about.MOTD = strings.TrimSpace(playMoney + " " + i.Motd)
	}
	return about
}

// isFake tells whether any of the backend's payments are invented.
func isFake(backend lightning.Receiver) bool {
	return slices.ContainsFunc(backend.Settings(), func(s lightning.Settings) bool { return s.Fake })
}
