// Names for clang's thread-safety analysis; nothing under other compilers.
// Example:  Mutex mutex_;  int count_ SLUICE_GUARDED_BY(mutex_);
#pragma once

#if defined(__clang__)
#define SLUICE_ANNOTATION(x) __attribute__((x))
#else
#define SLUICE_ANNOTATION(x)
#endif

#define SLUICE_CAPABILITY(x) SLUICE_ANNOTATION(capability(x))
#define SLUICE_SCOPED_CAPABILITY SLUICE_ANNOTATION(scoped_lockable)
#define SLUICE_GUARDED_BY(x) SLUICE_ANNOTATION(guarded_by(x))
#define SLUICE_REQUIRES(...) SLUICE_ANNOTATION(requires_capability(__VA_ARGS__))
#define SLUICE_EXCLUDES(...) SLUICE_ANNOTATION(locks_excluded(__VA_ARGS__))
#define SLUICE_ACQUIRE(...) SLUICE_ANNOTATION(acquire_capability(__VA_ARGS__))
#define SLUICE_RELEASE(...) SLUICE_ANNOTATION(release_capability(__VA_ARGS__))
#define SLUICE_TRY_ACQUIRE(...) SLUICE_ANNOTATION(try_acquire_capability(__VA_ARGS__))
#define SLUICE_NO_THREAD_SAFETY_ANALYSIS SLUICE_ANNOTATION(no_thread_safety_analysis)
