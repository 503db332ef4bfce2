CREATE TABLE "change_feeds" (
	"user_id" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"epoch" bigint NOT NULL,
	"pruned_seq" bigint NOT NULL,
	CONSTRAINT "change_feeds_pk" PRIMARY KEY("user_id")
);
--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "change_seq" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "change_feeds" ADD CONSTRAINT "change_feeds_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
UPDATE tasks SET change_seq = numbered.seq FROM (SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY updated_at, id) AS seq FROM tasks) AS numbered WHERE numbered.id = tasks.id;--> statement-breakpoint
INSERT INTO change_feeds (user_id, seq, epoch, pruned_seq) SELECT users.id, coalesce(max(tasks.change_seq), 0), 1, 0 FROM users LEFT JOIN tasks ON tasks.user_id = users.id GROUP BY users.id;
