/** Put in when the site is built: a hash of all its files, and their names. */
declare const SITE_VERSION: string;
declare const SITE_FILES: readonly string[];
