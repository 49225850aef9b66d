// Package push serves Okta's provisioning: a SCIM 2.0 endpoint (RFC 7643, RFC
// 7644) with Users and Groups that Okta can push to in place of Omni.
//
// It speaks the protocol and knows its callers' ways; what a request leads to is
// decided by the engine, which it is handed as the interfaces of ports.go:
//
//	request -> doors (who may, how much) -> scim (what is meant) -> engine -> scim (what is told)
//
// Within scim, a request is routed by handler.go; its body is read by body.go and
// given the schema's form by coerce.go, its operations by patch.go and path.go, its
// query by list.go and filter.go. users.go and groups.go ask the engine; userdoc.go
// and problem.go make the answer.
package push
