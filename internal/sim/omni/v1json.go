package omni

type pageInfo struct {
	HasNextPage  bool    `json:"hasNextPage"`
	NextCursor   *string `json:"nextCursor"`
	PageSize     int     `json:"pageSize"`
	TotalRecords int     `json:"totalRecords"`
}

type recordsJSON[T any] struct {
	PageInfo pageInfo `json:"pageInfo"`
	Records  []T      `json:"records"`
	number   int      // of the page
}

type attributeJSON struct {
	DefaultValue   any     `json:"default_value"`
	Description    *string `json:"description"`
	ID             string  `json:"id"`
	Label          string  `json:"label"`
	MultipleValues bool    `json:"multiple_values"`
	Name           string  `json:"name"`
	System         bool    `json:"system"`
	Type           string  `json:"type"`
}

type rolesJSON struct {
	MembershipID string     `json:"membershipId"`
	Results      []roleJSON `json:"results"`
}

type groupRolesJSON struct {
	Results     []roleJSON `json:"results"`
	UserGroupID string     `json:"userGroupId"`
}

type roleJSON struct {
	BaseRole     string     `json:"baseRole"`
	ConnectionID string     `json:"connectionId"`
	From         originJSON `json:"from"`
	ModelID      string     `json:"modelId"`
	Priority     int        `json:"priority"`
	Resolved     *bool      `json:"resolved,omitempty"` // of a user's
	RoleName     string     `json:"roleName"`
}

type originJSON struct {
	Depth    *int   `json:"depth,omitempty"` // of a group's, as the two that follow
	MiniUUID string `json:"miniUuid,omitempty"`
	Name     string `json:"name,omitempty"`
	Type     string `json:"type"`
}

type whoAmIJSON struct {
	KeyScope       scope      `json:"keyScope"`
	OrganizationID string     `json:"organizationId"`
	OrgRole        string     `json:"orgRole,omitempty"`
	User           *actorJSON `json:"user,omitempty"`
}

// actorJSON is whom a key acts as. Its id is the account's, which no other API takes.
type actorJSON struct {
	ID           string `json:"id"`
	MembershipID string `json:"membershipId"`
}
