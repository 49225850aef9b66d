package main

import "syscall"

// childAttributes lets the system end the child when this process is killed,
// and keeps the terminal's Ctrl-C from it, which this process passes on in its
// own order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
