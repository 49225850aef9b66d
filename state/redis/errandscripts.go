package redis

import "github.com/redis/go-redis/v9"

// leaveScript leaves an errand.
//
//	KEYS     the errands, the errand
//	ARGV     time to live in ms, id, kind, by, request
//	returns  1
var leaveScript = redis.NewScript(`
redis.call('SET', KEYS[2], '1', 'PX', ARGV[1])
redis.call('XADD', KEYS[1], '*', 'id', ARGV[2], 'kind', ARGV[3], 'by', ARGV[4], 'request', ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`)

// answersScript looks after an errand.
//
//	KEYS     the lease, the errands, the errand, its answers
//	ARGV     time to live in ms, the ID of the answer that was read last or ""
//	returns  {the lease's value or "", 1 when the errand is there, the fence of who
//	         posted last or "", the answers since, the newest first}
//
// The answers before the one that was read last are dropped. That one stays, so
// that its fence tells who has taken the errand up.
var answersScript = redis.NewScript(`
local lease = redis.call('GET', KEYS[1]) or ''
local there = redis.call('PEXPIRE', KEYS[3], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
local newest = redis.call('XREVRANGE', KEYS[4], '+', '-', 'COUNT', 1)
if #newest == 0 then return {lease, there, '', {}} end
if ARGV[2] == '' then return {lease, there, newest[1][2][2], redis.call('XREVRANGE', KEYS[4], '+', '-')} end
redis.call('XTRIM', KEYS[4], 'MINID', ARGV[2])
return {lease, there, newest[1][2][2], redis.call('XREVRANGE', KEYS[4], '+', '(' .. ARGV[2])}
`)

// withdrawScript takes an errand away.
//
//	KEYS     the errands, the errand, its answers
//	ARGV     id
//	returns  1 when there were answers: somebody had taken it up; else 0
//
// Where others wait too, its entry among them stays until somebody collects it or it ends.
var withdrawScript = redis.NewScript(`
local list = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 2)
if #list == 1 and list[1][2][2] == ARGV[1] then redis.call('DEL', KEYS[1]) end
redis.call('DEL', KEYS[2])
return redis.call('DEL', KEYS[3])
`)

// collectScript takes the waiting errands out.
//
//	KEYS     the lease, the errands
//	ARGV     fence
//	returns  the errands, the newest first; the lease's value, or "-" when there is
//	         none, where the fence isn't the current one
var collectScript = redis.NewScript(`
local lease = redis.call('GET', KEYS[1])
if not lease then return '-' end
if string.match(lease, '^(%S+) ') ~= ARGV[1] then return lease end
local list = redis.call('XREVRANGE', KEYS[2], '+', '-')
redis.call('DEL', KEYS[2])
return list
`)

// postScript posts an answer to an errand.
//
//	KEYS     the lease, the errand, its answers
//	ARGV     fence, time to live in ms, the answer or ""
//	returns  "1"; "0" when the errand is gone; the lease's value, or "-" when there
//	         is none, where the fence isn't the current one
var postScript = redis.NewScript(`
local lease = redis.call('GET', KEYS[1])
if not lease then return '-' end
if string.match(lease, '^(%S+) ') ~= ARGV[1] then return lease end
if not redis.call('GET', KEYS[2]) then
  redis.call('DEL', KEYS[3])
  return '0'
end
if ARGV[3] ~= '' or redis.call('TYPE', KEYS[3])['ok'] == 'none' then
  redis.call('XADD', KEYS[3], '*', 'fence', ARGV[1], 'v', ARGV[3])
end
redis.call('PEXPIRE', KEYS[3], ARGV[2])
return '1'
`)
