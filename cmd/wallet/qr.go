package main

import (
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
	"rsc.io/qr"
)

// isScreen tells whether somebody looks at what is written.
func isScreen(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// quietZone is the white rim that readers want, in modules.
const quietZone = 2

// qrCode draws a text as a QR code of half blocks: one line of text is two rows of
// modules. Light is drawn and dark is left out, for terminals with a dark
// background; readers take both.
func qrCode(text string) (string, error) {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return "", errors.New("it is too long for a QR code")
	}
	light := func(x, y int) bool { return !code.Black(x, y) } // outside it is light
	var b strings.Builder
	for y := -quietZone; y < code.Size+quietZone; y += 2 {
		for x := -quietZone; x < code.Size+quietZone; x++ {
			switch up, down := light(x, y), light(x, y+1) && y+1 < code.Size+quietZone; {
			case up && down:
				b.WriteString("█")
			case up:
				b.WriteString("▀")
			case down:
				b.WriteString("▄")
			default:
				b.WriteString(" ")
			}
		}
		b.WriteString("\n")
	}
	return b.String(), nil
}

// showQR draws a code where somebody looks, or where one was asked for. What does
// not fit into a code has its text.
func (p program) showQR(text string, asked bool) {
	if !asked && !p.screen {
		return
	}
	drawn, err := qrCode(text)
	if err != nil {
		if asked {
			p.say("%v", err)
		}
		return
	}
	_, _ = io.WriteString(p.stderr, drawn)
}
