/* Attributes and small macros that plain C17 lacks. Every header may include this one. */
#ifndef MH_COMPILER_H
#define MH_COMPILER_H

#define MH_MUST_CHECK          __attribute__((warn_unused_result))
#define MH_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define MH_UNUSED              __attribute__((unused))
#define MH_TYPEOF(expression)  __typeof__(expression)

#define MH_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif
