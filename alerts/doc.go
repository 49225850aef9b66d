// Package alerts tells people of what matters, by a webhook: as plain JSON, or in the form
// that Slack takes. It knows nothing of what matters, and keeps nothing.
//
// A webhook's address is a secret: whoever knows it may write there. It stands in no error
// and in no log.
package alerts
