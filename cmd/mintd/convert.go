package main

import (
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
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
		MaxInputs: l.MaxInputs, MaxOutputs: l.MaxOutputs, MaxStates: l.MaxStates, MaxQuotes: l.MaxQuotes,
		MaxSecret: l.MaxSecret, MaxWitness: l.MaxWitness,
	}
}

func (i Info) about() mint.About {
	about := mint.About{
		Name: i.Name, Description: i.Description, DescriptionLong: i.DescriptionLong, MOTD: i.Motd,
		IconURL: i.IconURL, TOSURL: i.TosURL, URLs: i.URLs,
	}
	for _, c := range i.Contact {
		about.Contact = append(about.Contact, cashu.MintContact{Method: c.Method, Info: c.Info})
	}
	return about
}
