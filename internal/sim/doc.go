// Package sim holds what the stand-ins for Okta and Omni share: faults that are planted in front of a handler,
// a transport that calls a handler in process, and a log of the requests that were answered.
//
// The stand-ins are complete little servers for the demo, the tests and the benchmark. Nothing else imports them.
// All zero values are ready, and all methods may be called from several goroutines.
//
//	var faults sim.Faults
//	cut := faults.Add(sim.Fault{Method: "POST", Path: "/scim/v2/Users", Times: 1, Do: sim.CutAfter()})
//	client := &http.Client{Transport: sim.Transport(faults.Wrap(standIn))}
//	// ... the first user that is created gets no answer: cut.Fired() == 1
package sim
