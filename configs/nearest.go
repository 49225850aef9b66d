package configs

import "strings"

// maxWord is the length above which no near name is looked for.
const maxWord = 64

// nearest gives the candidate that word was probably meant to be, "" when none
// is near. Of equals the first wins.
func nearest(word string, candidates []string) string {
	if len(word) > maxWord {
		return ""
	}
	best, bound := "", max(2, len(word)/3)+1
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < bound && d < len(c) {
			best, bound = c, d
		}
	}
	return best
}

// distance counts the letters to insert, delete or replace between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// didYouMean gives the hint that follows an unknown name.
func didYouMean(word string, candidates []string) string {
	if n := nearest(word, candidates); n != "" {
		return "did you mean " + n + "?"
	}
	return "known here: " + strings.Join(candidates, ", ")
}

// withPart gives the candidate of which word is the first or last part, such as
// base_url of url.
func withPart(word string, candidates []string) string {
	for _, c := range candidates {
		if word != "" && (strings.HasSuffix(c, "_"+word) || strings.HasPrefix(c, word+"_")) {
			return c
		}
	}
	return ""
}
