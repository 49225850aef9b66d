package identity

// Question is a kind of question to Okta, by what it costs.
type Question int

// The questions that may stand for one another.
const (
	AskUser    Question = iota // one app user by id
	AskUsers                   // the list of app users
	AskGroup                   // one group by id
	AskGroups                  // the list of groups
	AskOfUser                  // the groups of one user
	AskMembers                 // the list of a group's members
)
