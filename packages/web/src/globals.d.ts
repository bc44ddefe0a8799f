/** What workers have beside what pages have: TypeScript knows it only in a library that does not go with the page's. */
interface FileSystemSyncAccessHandle {
  read(into: AllowSharedBufferSource, options?: { readonly at?: number }): number;
  write(bytes: AllowSharedBufferSource, options?: { readonly at?: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}
interface FileSystemFileHandle {
  createSyncAccessHandle(): Promise<FileSystemSyncAccessHandle>;
}
interface Window {
  showDirectoryPicker?(options: {
    readonly mode: 'readwrite';
    readonly id: string;
  }): Promise<FileSystemDirectoryHandle>;
}
/** The program's version, put in when the site is built. */
declare const FACEMIRROR_VERSION: string;
/** ONNX Runtime's version, put in when the site is built. */
declare const ONNX_RUNTIME_VERSION: string;
