package omniclient_test

import (
	"github.com/omnisync/omnisync/omniclient"
	"github.com/omnisync/omnisync/sync"
)

// The client is all that the engine asks of Omni.
var _ sync.Omni = (*omniclient.Client)(nil)
