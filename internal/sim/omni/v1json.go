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

type scheduleJSON struct {
	Content              string  `json:"content"`
	DashboardName        string  `json:"dashboardName"`
	DestinationType      string  `json:"destinationType"`
	DisabledAt           *string `json:"disabledAt"`
	Format               string  `json:"format"`
	ID                   string  `json:"id"`
	Identifier           string  `json:"identifier"`
	LastCompletedAt      *string `json:"lastCompletedAt"`
	LastStatus           *string `json:"lastStatus"`
	Name                 string  `json:"name"`
	OwnerID              string  `json:"ownerId"`
	OwnerName            string  `json:"ownerName"`
	RecipientCount       int     `json:"recipientCount"`
	Schedule             string  `json:"schedule"`
	SlackRecipientType   *string `json:"slackRecipientType"`
	SystemDisabledAt     *string `json:"systemDisabledAt"`
	SystemDisabledReason *string `json:"systemDisabledReason"`
	Timezone             string  `json:"timezone"`
}

type documentJSON struct {
	ConnectionID string    `json:"connectionId"`
	Deleted      bool      `json:"deleted"`
	Folder       *struct{} `json:"folder"`
	HasDashboard bool      `json:"hasDashboard"`
	Identifier   string    `json:"identifier"`
	Name         string    `json:"name"`
	Owner        ownerJSON `json:"owner"`
	Scope        string    `json:"scope"`
	Type         string    `json:"type"`
	UpdatedAt    string    `json:"updatedAt"`
	URL          string    `json:"url"`
}

type ownerJSON struct {
	ID   string `json:"id"`
	Name string `json:"name"`
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
	KeyScope       scope  `json:"keyScope"`
	OrganizationID string `json:"organizationId"`
}
