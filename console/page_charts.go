package console

import (
	"net/http"
	"slices"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
)

// chartsView is what is drawn, and the same figures as tables.
type chartsView struct {
	Charts []chartView
}

// chartView is one picture with its table.
type chartView struct {
	ID, Title, About string
	Empty            string // what to say where there is nothing to draw; "" where there is
	Head             []string
	Rows             [][]string
}

func (a *api) chartsData(r *http.Request) (any, error) {
	f, err := a.figures.glance(r.Context())
	if err != nil {
		return nil, err
	}
	var v chartsView
	for _, p := range pictures() {
		c := chartView{ID: p.id, Title: p.title, About: p.about}
		plot := p.plot(f)
		if plot.blank() {
			c.Empty = p.empty
		}
		c.Head = append([]string{plot.over}, plot.names...)
		for i, label := range plot.full {
			row := []string{label}
			for _, series := range plot.series {
				row = append(row, plot.told(series[i]))
			}
			c.Rows = append(c.Rows, row)
		}
		slices.Reverse(c.Rows) // the newest first
		v.Charts = append(v.Charts, c)
	}
	return v, nil
}

// chart draws one picture. It comes as a file of its own: what styles it isn't the page's.
func (a *api) chart(w http.ResponseWriter, r *http.Request) {
	i := slices.IndexFunc(pictures(), func(p picture) bool { return p.id+".svg" == r.PathValue("chart") })
	if i < 0 {
		a.refuse(w, r, &fault.Error{Kind: fault.NotFound, Op: r.URL.Path, Detail: "there is nothing here"})
		return
	}
	f, err := a.figures.glance(r.Context())
	var text []byte
	if err == nil {
		q := r.URL.Query()
		text, err = draw(pictures()[i].plot(f), look{dark: q.Has("dark"), narrow: q.Has("narrow")})
	}
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	head(w, "image/svg+xml")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	_, _ = w.Write(text)
}

// picture is one that the page has.
type picture struct {
	id, title, about, empty string
	plot                    func(Figures) plot
}

func pictures() []picture {
	return []picture{
		{"changes", "Changes a day", "What was done in Omni, by kind. Days are those of UTC.", "Nothing was changed in these days.", changesPlot},
		{"latency", "From a change in Okta to Omni", "By Okta's System Log and Omni's answer; removals, which wait on purpose, aside.",
			"In these days no event of Okta's System Log led to a change.", latencyPlot},
		{"allowance", "Use of the allowances", "Requests of this process, in the busiest minute of ten, as a share of what a minute allows; of Okta's limits the one that was used most. Times are UTC.",
			"This process has asked neither side yet.", allowancePlot},
	}
}

func changesPlot(f Figures) plot {
	p := plot{over: "Day", stacked: true, told: count}
	for _, kind := range sync.Kinds() {
		series, all := make([]float64, len(f.Days)), 0
		for i, d := range f.Days {
			series[i] = float64(d.Changes[string(kind)])
			all += d.Changes[string(kind)]
		}
		if all > 0 {
			p.names, p.series = append(p.names, words(kind)), append(p.series, series)
		}
	}
	p.days(f)
	return p
}

func latencyPlot(f Figures) plot {
	p := plot{over: "Day", names: []string{"median", "p99"}, unit: " s", told: seconds, series: [][]float64{none(len(f.Days)), none(len(f.Days))}}
	for i, d := range f.Days {
		if d.Seconds != nil {
			p.series[0][i], p.series[1][i] = d.Seconds.Median, d.Seconds.P99
		}
	}
	p.days(f)
	return p
}

func allowancePlot(f Figures) plot {
	p := plot{over: "From", names: []string{"Okta", "Omni"}, unit: " %", least: 100, told: percent, series: [][]float64{none(len(f.Uses)), none(len(f.Uses))}}
	for i, u := range f.Uses {
		p.labels, p.full = append(p.labels, u.From.Format("15:04")), append(p.full, u.From.Format("2006-01-02 15:04"))
		for j, share := range []*float64{u.Okta, u.Omni} {
			if share != nil {
				p.series[j][i] = *share
			}
		}
	}
	return p
}
