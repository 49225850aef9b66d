package omni

import (
	"net/url"
	"strconv"
)

// pageSize is the size of a page when nobody says one, the largest that may be asked
// for, and the largest that is given however many are; 0 is none.
type pageSize struct{ usual, most, given int }

// records cuts a v1 page out of found. Its cursor is the number of the page.
func records[R, T any](query url.Values, size pageSize, found []R, render func(R) T) (recordsJSON[T], *failure) {
	n, number := size.usual, 1
	if fail := readNumber(query, "pageSize", &n); fail != nil {
		return recordsJSON[T]{}, fail
	}
	if fail := readNumber(query, "cursor", &number); fail != nil {
		return recordsJSON[T]{}, fail
	}
	if n < 1 || size.most > 0 && n > size.most {
		return recordsJSON[T]{}, invalid("pageSize: %d is out of range", n)
	}
	if number < 1 {
		return recordsJSON[T]{}, invalid("cursor: Invalid value")
	}
	if size.given > 0 {
		n = min(n, size.given)
	}
	j := recordsJSON[T]{PageInfo: pageInfo{PageSize: n, TotalRecords: len(found)}, Records: []T{}, number: number}
	first := min((number-1)*n, len(found))
	end := min(first+n, len(found))
	for _, r := range found[first:end] {
		j.Records = append(j.Records, render(r))
	}
	if end < len(found) {
		j.PageInfo.HasNextPage, j.PageInfo.NextCursor = true, new(strconv.Itoa(number+1))
	}
	return j, nil
}
