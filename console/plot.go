package console

import (
	"fmt"
	"math"
	"time"

	"github.com/go-analyze/charts"
)

// plot is what one picture shows: series of numbers over days, or over times of a day.
type plot struct {
	over    string   // what the labels are
	labels  []string // below the picture
	full    []string // the same in full
	names   []string // of the series
	series  [][]float64
	stacked bool    // in bars; else lines
	unit    string  // after each number at the side
	least   float64 // that the side goes up to at least; 0: as far as there is need
	told    func(float64) string
}

// nothing is the number where there is none.
func nothing() float64 { return charts.GetNullValue() }

// none are as many numbers that there aren't.
func none(n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = nothing()
	}
	return list
}

// days labels a plot by the days of the figures.
func (p *plot) days(f Figures) {
	for _, d := range f.Days {
		label := d.Day
		if day, err := time.Parse(time.DateOnly, d.Day); err == nil {
			label = day.Format("2 Jan")
		}
		p.labels, p.full = append(p.labels, label), append(p.full, d.Day)
	}
}

// blank reports whether there is nothing to draw.
func (p plot) blank() bool {
	for _, series := range p.series {
		for _, n := range series {
			if n != nothing() {
				return false
			}
		}
	}
	return true
}

func count(n float64) string { return known(n, "%.0f") }

func seconds(n float64) string { return known(n, "%.1f s") }

func percent(n float64) string { return known(n, "%.0f %%") }

func known(n float64, form string) string {
	if n == nothing() {
		return ""
	}
	return fmt.Sprintf(form, n)
}

// look is for whom a picture is drawn.
type look struct {
	dark   bool
	narrow bool // for a phone
}

// palette gives the colours of the pages, so that a picture is one of them.
func (l look) palette() charts.ColorPalette {
	if l.dark {
		return theme(true, "#1b1e29", "#a8aec3", "#313648", "#a5b0ff", "#f4c36b", "#7fdca8", "#ff9aa8", "#d0a8ff", "#66d9e8", "#ffe066", "#adb5bd", "#faa2c1")
	}
	return theme(false, "#ffffff", "#555b70", "#dfe2ec", "#3b4cca", "#c77700", "#14683c", "#a3172b", "#7a3fb5", "#0b7285", "#8a6d00", "#5c677d", "#c2255c")
}

func theme(dark bool, ground, ink, line string, series ...string) charts.ColorPalette {
	option := charts.ThemeOption{IsDarkMode: dark, BackgroundColor: charts.ColorFromHex(ground), TextColor: charts.ColorFromHex(ink),
		AxisStrokeColor: charts.ColorFromHex(line), AxisSplitLineColor: charts.ColorFromHex(line)}
	for _, c := range series {
		option.SeriesColors = append(option.SeriesColors, charts.ColorFromHex(c))
	}
	return charts.MakeTheme(option)
}

// dotted is up to how many points each is marked.
const dotted = 31

// draw gives the picture as SVG. The library escapes what is written into it.
func draw(p plot, l look) ([]byte, error) {
	option := charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: 960, Height: 300, Theme: l.palette()}
	labels := 14
	if l.narrow {
		option.Width, option.Height, labels = 380, 280, 4
	}
	painter := charts.NewPainter(option)
	font := charts.FontStyle{FontSize: 10}
	legend := charts.LegendOption{SeriesNames: p.names, FontStyle: font, Offset: charts.OffsetLeft}
	side := charts.ValueAxisOption{Min: new(0.), LabelFontStyle: font, LabelCount: 5, ValueFormatter: p.scale}
	if p.least > 0 {
		side.Max = new(max(p.least, math.Ceil(p.most())))
	}
	below := charts.CategoryAxisOption{Labels: some(p.labels, labels), LabelFontStyle: font, LabelCount: len(p.labels)}
	points := charts.Symbol{}
	if len(p.labels) <= dotted {
		points = charts.Symbol{Shape: charts.SymbolDot, Size: 4}
	}
	var err error
	if p.stacked {
		err = painter.BarChart(charts.BarChartOption{Theme: option.Theme, Padding: charts.NewBoxEqual(12), SeriesList: charts.NewSeriesListBar(p.series),
			StackSeries: new(true), Legend: legend, CategoryAxis: below, ValueAxis: []charts.ValueAxisOption{side}})
	} else {
		err = painter.LineChart(charts.LineChartOption{Theme: option.Theme, Padding: charts.NewBoxEqual(12), SeriesList: charts.NewSeriesListLine(p.series),
			Legend: legend, XAxis: below, YAxis: []charts.ValueAxisOption{side}, LineStrokeWidth: 2, Symbol: points})
	}
	if err != nil {
		return nil, err
	}
	return painter.Bytes()
}

// some leaves so many labels at most, evenly, the last one among them.
func some(labels []string, most int) []string {
	step := max(1, (len(labels)+most-1)/most)
	left := make([]string, len(labels))
	for i := len(labels) - 1; i >= 0; i -= step {
		left[i] = labels[i]
	}
	return left
}

// scale writes a number at the side.
func (p plot) scale(n float64) string {
	if n == math.Trunc(n) {
		return fmt.Sprintf("%.0f%s", n, p.unit)
	}
	return fmt.Sprintf("%.1f%s", n, p.unit)
}

// most is the greatest number.
func (p plot) most() (most float64) {
	for _, series := range p.series {
		for _, n := range series {
			if n != nothing() {
				most = max(most, n)
			}
		}
	}
	return most
}
