/*
 * Preloaded before the address sanitizer's library into a server that is itself not sanitized.
 * Linked with -z initfirst, so this constructor runs before any other: the sanitizer would else
 * be initialised by another library's constructor, under a lock of the C library, and hang.
 */
extern void __asan_init(void);

__attribute__((constructor)) static void initialise_sanitizer(void) { __asan_init(); }
