package main

import (
	"fmt"
	"io"

	"github.com/omnisync/omnisync/configs"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// newLogger logs to w as the configuration says.
func newLogger(w io.Writer, c configs.Log) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(c.Level)
	if err != nil {
		return nil, fmt.Errorf("log.level: %w", err)
	}
	form := zap.NewProductionEncoderConfig()
	form.EncodeTime = zapcore.RFC3339TimeEncoder
	form.TimeKey = "time"
	encoder := zapcore.NewJSONEncoder(form)
	if c.Format == "text" {
		encoder = zapcore.NewConsoleEncoder(form)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), level)), nil
}
