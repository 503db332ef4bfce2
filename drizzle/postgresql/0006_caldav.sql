CREATE TABLE "project_views" (
	"user_id" bigint NOT NULL,
	"project_id" bigint NOT NULL,
	"dav_name" varchar(255),
	"dav_properties" text,
	CONSTRAINT "project_views_pk" PRIMARY KEY("user_id","project_id")
);
--> statement-breakpoint
ALTER TABLE "calendar_objects" ADD COLUMN "source_seq" bigint;--> statement-breakpoint
ALTER TABLE "calendar_objects" ADD COLUMN "name" varchar(255);--> statement-breakpoint
ALTER TABLE "calendar_objects" ADD COLUMN "parent_uid" varchar(255);--> statement-breakpoint
ALTER TABLE "deletions" ADD COLUMN "name" varchar(255);--> statement-breakpoint
ALTER TABLE "project_views" ADD CONSTRAINT "project_views_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "project_views" ADD CONSTRAINT "project_views_project_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "calendar_objects_name_idx" ON "calendar_objects" USING btree ("user_id","name");--> statement-breakpoint
CREATE INDEX "calendar_objects_parent_idx" ON "calendar_objects" USING btree ("user_id","parent_uid");