package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// examples are shown in the help of each command, by its words. A command may as well
// bring its own.
var examples = map[string]string{
	"syncd": `syncd demo
syncd check --config syncd.yaml
syncd reconcile --dry-run --config syncd.yaml
syncd run --config syncd.yaml
SYNCD_CONFIG=syncd.yaml syncd status`,
	"syncd run": `syncd run --config /etc/syncd.yaml`,
	"syncd reconcile": `syncd reconcile
syncd reconcile --dry-run --detailed-exitcode
syncd reconcile --stop-on-interrupt`,
	"syncd plan": `syncd plan
syncd plan --json | jq '.changes[] | select(.kind == "deactivate") | .userName'
syncd plan --detailed-exitcode`,
	"syncd check": `syncd check
syncd check --json | jq '.checks[] | select(.state == "failed")'`,
	"syncd status": `syncd status
syncd status --json | jq '.failing[] | .userName, .problem.advice'
watch -n 5 syncd status`,
	"syncd history": `syncd history ann@example.com
syncd history Sales --since 7d
syncd history --state failed --since 24h --limit 0
syncd history --run 20260102-030405-abc123 --json
syncd history --since 2026-01-01 --until 2026-04-01 --format csv > first-quarter.csv`,
	"syncd access": `syncd access --at 2026-01-02T15:04:05Z
syncd access --at 90d ann@example.com
syncd access --at 2026-01-01 --json | jq -r '.people[] | select(.access == "yes") | .userName'`,
	"syncd approve": `syncd approve 20260102-030405-abc123
syncd approve 20260102-030405-abc123 --only ann@example.com --only "Sales EMEA"
syncd approve 20260102-030405-abc123 --hash 3f9a0c55d1e2 --stop-on-interrupt`,
	"syncd reject": `syncd reject 20260102-030405-abc123
syncd reject 20260102-030405-abc123 --except '*@partner.example'`,
	"syncd leavers": `syncd leavers
syncd leavers --json | jq '.leavers[] | select(.step == "handover") | .userName, .reason'`,
	"syncd leave": `syncd leave ann@example.com --now --confirm ann@example.com`,
	"syncd retry": `syncd retry
syncd retry ann@example.com "Sales EMEA"
syncd retry --dry-run`,
	"syncd schedules": `syncd schedules list ann@example.com`,
	"syncd schedules list": `syncd schedules list ann@example.com
syncd schedules list ann@example.com --json | jq '.saved[] | select(.restored == null) | .name'`,
	"syncd schedules restore": `syncd schedules restore ann@example.com --to bob@example.com --dry-run
syncd schedules restore ann@example.com --to bob@example.com
syncd schedules restore ann@example.com --to cat@example.com --only "Weekly numbers"`,
	"syncd forget": `syncd forget ann@example.com --dry-run
syncd forget ann@example.com
syncd forget 00u1gjh63g214q0Hq0g4 --json`,
	"syncd links": `syncd links
syncd links ann@example.com
syncd links Sales --json`,
	"syncd link": `syncd link ann@example.com 6f1f0f9e-0000-4000-8000-000000000001 --dry-run
syncd link ann@example.com 6f1f0f9e-0000-4000-8000-000000000001`,
	"syncd unlink": `syncd unlink ann@example.com --dry-run
syncd unlink ann@example.com`,
	"syncd links rebind": `syncd links rebind --dry-run
syncd links rebind`,
	"syncd pause": `syncd pause --for 2h --reason "Omni is being moved"
syncd pause --removals-only`,
	"syncd resume": `syncd resume`,
	"syncd hooks": `syncd hooks
syncd hooks --json`,
	"syncd hooks status":     `syncd hooks status`,
	"syncd hooks register":   `syncd hooks register --url https://hooks.acme.example`,
	"syncd hooks unregister": `syncd hooks unregister --name "Omnisync acme"`,
	"syncd demo": `syncd demo
syncd demo --stay
syncd demo --redis redis://127.0.0.1:6379`,
	"syncd state": `syncd state export ledger.jsonl`,
	"syncd state export": `syncd state export ledger.jsonl
syncd state export | gzip > ledger.jsonl.gz`,
	"syncd state import": `syncd state import ledger.jsonl --dry-run
syncd state import ledger.jsonl`,
	"syncd config":        `syncd config print`,
	"syncd config print":  `syncd config print --config syncd.yaml`,
	"syncd config check":  `syncd config check --config syncd.yaml`,
	"syncd config schema": `syncd config schema > syncd.schema.json`,
	"syncd mapping":       `syncd mapping test ann@example.com`,
	"syncd mapping test": `syncd mapping test ann@example.com
syncd mapping test ann@example.com --json`,
	"syncd completion":      `source <(syncd completion bash)`,
	"syncd completion bash": `syncd completion bash > ~/.local/share/bash-completion/completions/syncd`,
	"syncd completion zsh":  `syncd completion zsh > "${fpath[1]}/_syncd"`,
	"syncd completion fish": `syncd completion fish > ~/.config/fish/completions/syncd.fish`,
	"syncd version":         `syncd version --json`,
}

// illustrated gives every command its examples.
func illustrated(root *cobra.Command) *cobra.Command {
	commands := map[string]*cobra.Command{}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		commands[c.CommandPath()] = c
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	for _, path := range slices.Sorted(maps.Keys(examples)) {
		if c, ok := commands[path]; ok && c.Example == "" {
			c.Example = "  " + strings.ReplaceAll(examples[path], "\n", "\n  ")
		}
	}
	return root
}
