#include "http/api.h"

#define ALL    MH_ACCESS_ALL
#define TENANT MH_ACCESS_TENANT
#define ADMIN  MH_ACCESS_ADMIN

#define ABOUT(...)                                                                                 \
    .about = &(const struct mh_about)                                                              \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/* To add a route: its row here, its function in api_NOUN.c, its schemas in openapi.json. */
const struct mh_route mh_api_routes[] = {
    {"GET", "/health", mh_api_health,
     ABOUT(ALL, "Whether it is well", .status = 200, .answer = "Health", .errors = "503")},
    {"GET", "/metrics", mh_api_metrics, ABOUT(ALL, "Prometheus text", .status = 200)},
    {"GET", "/", mh_api_dashboard, ABOUT(ALL, "The dashboard", .status = 200)},
    {"GET", "/web/{file}", mh_api_asset,
     ABOUT(ALL, "What the dashboard is made of", .status = 200, .errors = "304 404")},
    {"GET", "/v1/openapi.json", mh_api_openapi, ABOUT(ALL, "This description", .status = 200)},
    {"POST", "/v1/jobs", mh_api_jobs_add, .takes_body = true,
     ABOUT(TENANT, "Dispatch one job, or up to 1,000 in an array", .body = "Jobs", .status = 201,
           .answer = "Dispatched", .errors = "400 404 413 415 422")},
    {"GET", "/v1/jobs", mh_api_jobs_list,
     ABOUT(TENANT, "Jobs, newest first", .query = "status type tenant limit cursor bodies",
           .status = 200, .answer = "Page", .errors = "400")},
    {"POST", "/v1/jobs/cancel", mh_api_jobs_cancel, .takes_body = true,
     ABOUT(TENANT, "Cancel up to 1,000 jobs", .body = "Ids", .status = 200, .answer = "Acted",
           .errors = "400 413 415 422")},
    {"POST", "/v1/jobs/retry", mh_api_jobs_retry, .takes_body = true,
     ABOUT(TENANT, "Retry up to 1,000 jobs", .body = "Ids", .status = 200, .answer = "Acted",
           .errors = "400 413 415 422")},
    {"POST", "/v1/jobs/delete", mh_api_jobs_remove, .takes_body = true,
     ABOUT(TENANT, "Delete up to 1,000 jobs", .body = "Ids", .status = 200, .answer = "Acted",
           .errors = "400 413 415 422")},
    {"GET", "/v1/jobs/{id}", mh_api_job_get,
     ABOUT(TENANT, "A job with its attempt history", .status = 200, .answer = "JobWithHistory",
           .errors = "404")},
    {"DELETE", "/v1/jobs/{id}", mh_api_job_remove,
     ABOUT(TENANT, "Delete a job that is not processing", .status = 204, .errors = "404 409")},
    {"POST", "/v1/jobs/{id}/cancel", mh_api_job_cancel,
     ABOUT(TENANT, "Cancel a job that has not ended", .status = 200, .answer = "Job",
           .errors = "404 409")},
    {"POST", "/v1/jobs/{id}/retry", mh_api_job_retry,
     ABOUT(TENANT, "Retry a job that failed or was cancelled", .status = 200, .answer = "Job",
           .errors = "404 409")},
    {"GET", "/v1/stats", mh_api_stats,
     ABOUT(TENANT, "How many jobs are in each status", .status = 200, .answer = "Stats")},
    {"GET", "/v1/workers", mh_api_workers,
     ABOUT(ADMIN, "The workers that live", .status = 200, .answer = "Workers")},
    {"GET", "/v1/types", mh_api_types,
     ABOUT(ADMIN, "The job types there are", .status = 200, .answer = "Types")},
    {"POST", "/v1/types/{type}/pause", mh_api_type_pause,
     ABOUT(ADMIN, "Stop claiming a type", .status = 204, .errors = "422")},
    {"POST", "/v1/types/{type}/resume", mh_api_type_resume,
     ABOUT(ADMIN, "Claim a type again", .status = 204, .errors = "422")},
    {"PATCH", "/v1/types/{type}/limits", mh_api_type_limit, .takes_body = true,
     ABOUT(ADMIN, "Change the limits that are given", .body = "Limits", .status = 204,
           .errors = "400 413 415 422")},
    {"GET", "/v1/schedules", mh_api_schedules,
     ABOUT(TENANT, "The schedules, by name", .status = 200, .answer = "Schedules")},
    {"POST", "/v1/schedules", mh_api_schedule_add, .takes_body = true,
     ABOUT(TENANT, "Add a schedule", .query = "tenant", .body = "NewSchedule", .status = 201,
           .answer = "Schedule", .errors = "400 404 409 413 415 422")},
    {"GET", "/v1/schedules/{name}", mh_api_schedule_get,
     ABOUT(TENANT, "A schedule and its next slots", .query = "tenant", .status = 200,
           .answer = "Upcoming", .errors = "400 404")},
    {"PATCH", "/v1/schedules/{name}", mh_api_schedule_edit, .takes_body = true,
     ABOUT(TENANT, "Change what is given of a schedule", .query = "tenant",
           .body = "ScheduleChange", .status = 200, .answer = "Schedule",
           .errors = "400 404 409 413 415 422")},
    {"DELETE", "/v1/schedules/{name}", mh_api_schedule_remove,
     ABOUT(TENANT, "Delete a schedule; its jobs stay", .query = "tenant", .status = 204,
           .errors = "400 404")},
    {NULL},
};
