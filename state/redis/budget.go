package redis

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// spendScript takes one request of a sliding window, or of two at once: no span as long
// as a window holds more than its most, as even steps alone could not say where some
// requests may go together.
//
//	KEYS     all requests, patient ones
//	ARGV     most, window in ms; the same of patient ones, 0 for a request that isn't one
//	returns  0 when it is taken, else ms until it can be
var spendScript = redis.NewScript(`
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function rest(key, most, window)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
  local over = redis.call('ZCARD', key) - most
  if over < 0 then return 0 end
  return redis.call('ZRANGE', key, over, over, 'WITHSCORES')[2] + window - now
end
local of = {{KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])}}
if ARGV[3] ~= '0' then of[2] = {KEYS[2], tonumber(ARGV[3]), tonumber(ARGV[4])} end
local wait = 0
for _, o in ipairs(of) do wait = math.max(wait, rest(o[1], o[2], o[3])) end
if wait > 0 then return wait end
for _, o in ipairs(of) do
  local n = redis.call('ZCARD', o[1])
  while redis.call('ZADD', o[1], 'NX', now, now .. '-' .. n) == 0 do n = n + 1 end
  redis.call('PEXPIRE', o[1], o[3])
end
return 0
`)

// Spend takes one request of a bucket of Okta's limits, most of which may fall into any
// window, among all processes of this ledger, or tells how long it is until there is one.
// With half above 0 the request is a patient one, of which so many may fall into any
// halfWindow besides. Time is the server's.
func (s *Store) Spend(ctx context.Context, bucket string, most int, window time.Duration, half int, halfWindow time.Duration) (time.Duration, error) {
	key := s.keys.budget(bucket)
	wait, err := spendScript.Run(ctx, s.client, []string{key, key + ":patient"},
		strconv.Itoa(most), strconv.FormatInt(window.Milliseconds(), 10), strconv.Itoa(half), strconv.FormatInt(halfWindow.Milliseconds(), 10)).Int64()
	if err != nil {
		return 0, s.fault("share the budget of", err)
	}
	return time.Duration(wait) * time.Millisecond, nil
}
