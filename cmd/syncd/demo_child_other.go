//go:build !linux

package main

import "syscall"

// childAttributes are the system's defaults: only Linux ends a child together
// with a process that is killed.
func childAttributes() *syscall.SysProcAttr { return nil }
