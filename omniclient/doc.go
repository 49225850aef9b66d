// Package omniclient reads and writes Omni's users and groups.
//
// Omni speaks SCIM 2.0 in a dialect of its own, and its allowance of requests
// (60 a minute and key) is the scarce thing. So a list is read in pages of 100,
// a changed user costs one request, and so does a changed group, whatever the
// number of its members.
//
// A request's way, each step in the file of its name:
//
//	users, groups -> request -> retry -> keys, allowance -> Omni -> errors, records -> verify
//
// A write is believed from the user or group that Omni returns, and where it
// returns none (204, or an answer without what was written) from reading it
// back, never from its status. What Omni left out is asked for once more in the
// other form that Omni knows, and is then reported as refused, by name. A deletion
// is believed from a 204; where anything else is answered, from a 404 afterwards.
//
// Only PATCH changes what exists: Omni's PUT resets what it omits and makes an
// inactive user active again. What somebody owns (schedules, documents) stands in
// Omni's own API beside SCIM; there, PUT is used for what is named in the path, such
// as a transfer of ownership, and never on a schedule itself.
//
// Sources: docs.omni.co/api (users, user-groups, rate-limits, authentication),
// the OpenAPI description in exploreomni/cli, and its forms of PATCH. Those of what
// somebody owns are named in estate.go.
package omniclient
