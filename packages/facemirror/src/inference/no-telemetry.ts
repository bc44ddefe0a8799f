/**
 * Switches ONNX Runtime's usage reports off, which recent builds send on their own (and keep a device id for in the
 * user's cache folder): this program sends nothing.
 * Import this before `onnxruntime-node`, whose library looks at the variable when it is loaded. A program that wants
 * the reports sets the variable to 0.
 */
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
