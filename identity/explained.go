package identity

// Explained is what one expression of the configuration does with one user.
type Explained struct {
	Key    string // such as users.attributes.region
	Text   string // "": the default of users.display_name
	Inputs []Input
	Result any   // bool of the scope, string of the display name, Value of an attribute; nil where it gives nothing
	Err    error // why there is no result
}

// Input is one thing that an expression names.
type Input struct {
	Path    string // such as user.address.city
	Value   any    // in JSON's types; nil where it is absent
	Present bool
	Whole   bool // a variable whose fields are chosen by the expression itself, such as user[x]; Value is nil
}
